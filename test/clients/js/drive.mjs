// Calls AWS operations through the SDK for JavaScript v3: one for each line of standard input, answered by one line of standard output.

import * as identitystore from "@aws-sdk/client-identitystore";
import * as sso from "@aws-sdk/client-sso";
import * as ssoadmin from "@aws-sdk/client-sso-admin";
import * as ssooidc from "@aws-sdk/client-sso-oidc";
import * as sts from "@aws-sdk/client-sts";
import { createInterface } from "node:readline";

const services = {
  identitystore: [identitystore, identitystore.IdentitystoreClient],
  sso: [sso, sso.SSOClient],
  "sso-admin": [ssoadmin, ssoadmin.SSOAdminClient],
  "sso-oidc": [ssooidc, ssooidc.SSOOIDCClient],
  sts: [sts, sts.STSClient],
};

// unsigned is how this SDK leaves out a signature: by a signer that adds none.
const unsigned = { signer: { sign: async (request) => request }, credentials: { accessKeyId: "none", secretAccessKey: "none" } };

async function call({ service, operation, region, endpoint, input, key }) {
  const [library, Client] = services[service];
  const signing = key ? { credentials: { ...key, sessionToken: key.sessionToken || undefined } } : unsigned;
  const client = new Client({ region, endpoint, maxAttempts: 1, ...signing });
  try {
    const { $metadata, ...output } = await client.send(new library[operation + "Command"](input));
    return { output };
  } catch (error) {
    if (!error.$metadata?.httpStatusCode) throw error;
    return { refusal: refusal(library, error) };
  } finally {
    client.destroy();
  }
}

function refusal(library, error) {
  const name = error.constructor.name;
  const typed = name in library && error instanceof library[name] && name.endsWith("Exception") && !name.endsWith("ServiceException");
  return {
    exception: typed ? name : error.name,
    typed,
    error: error.error ?? "",
    description: error.error_description ?? "",
    message: error.message,
    reason: error.reason ?? error.Reason ?? "",
    endpoint: error.endpoint ?? "",
    region: error.region ?? "",
    status: error.$metadata.httpStatusCode,
    requestId: error.$metadata.requestId,
  };
}

// moments writes dates as Unix seconds. JSON.stringify asks a date for its text before it asks here, so this looks at what the text came from.
function moments(name, value) {
  return this[name] instanceof Date ? this[name].getTime() / 1000 : value;
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await call(JSON.parse(line)), moments));
}
