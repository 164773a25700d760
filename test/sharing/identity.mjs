// Finds credentials as any program does with the SDK for JavaScript v3, and asks STS whose they are.

import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const { Account, Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
console.log(JSON.stringify({ account: Account, arn: Arn }));
