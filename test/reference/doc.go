// Package reference holds the requests of the freshly built program beside those of the AWS CLI, versions 1 and 2. A scripted server on
// loopback gets the same call from each of the three and keeps every byte that an SDK's user could see: method, target, headers, body,
// signature, attempts. What each then prints, and how it ends, is compared as well.
//
// A row that finds a reference different from us names it as a departure, with what the reference does and why we do otherwise. A departure
// that is none any more fails. So nothing is left out of a comparison without a sentence.
//
// All files but this one have the build tag clients: they need what test/install installs, and fail without it.
package reference
