// Gets the token of the session and role credentials of the profile as the SDK for JavaScript v3 does, and asks STS whose they are.

import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromSSO } from "@aws-sdk/credential-providers";
import { fromSso } from "@aws-sdk/token-providers";

const { token, expiration } = await fromSso()();
if (!token || expiration <= new Date()) throw new Error("fromSso gave a token that is over");

const { Account, Arn, UserId } = await new STSClient({ credentials: fromSSO() }).send(new GetCallerIdentityCommand({}));
console.log(JSON.stringify({ account: Account, arn: Arn, userId: UserId }));
