// Package commandline holds the command line against its promises, on the real binary: every option, every error with its exit code, every
// form of output. Each behaviour is a script under testdata/script that reads like a transcript; a server on loopback answers what the script
// says and tells what it was asked. Where somebody sits at a terminal and presses keys, the test is Go.
//
// The tests of completeness find the option, the exception or the exit code that no script has.
//
// Goldens in the scripts are rewritten by
//
//	go test ./test/commandline -update
//
// The commands for people have tests of their own elsewhere, and test/reference compares requests with those of the AWS CLI.
package commandline
