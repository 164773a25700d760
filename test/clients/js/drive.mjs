// Calls AWS operations through the SDK for JavaScript v3: one for each line of standard input, answered by one line of standard output.

import * as sso from "@aws-sdk/client-sso";
import * as ssooidc from "@aws-sdk/client-sso-oidc";
import { createInterface } from "node:readline";

const services = {
  sso: [sso, sso.SSOClient],
  "sso-oidc": [ssooidc, ssooidc.SSOOIDCClient],
};

async function call({ service, operation, region, endpoint, input }) {
  const [library, Client] = services[service];
  const client = new Client({ region, endpoint, maxAttempts: 1 });
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
    status: error.$metadata.httpStatusCode,
    requestId: error.$metadata.requestId,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await call(JSON.parse(line))));
}
