// An OpenID provider of its own: the code, the keys and the pages are oidc-provider's. It reads its configuration as JSON from standard
// input, prints its address when it answers, and runs until it is killed. What it remembers goes with it; its keys are in the configuration.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { port, keys, clients, resource, people } = JSON.parse(readFileSync(0, "utf8"));

const configuration = {
  jwks: { keys },
  cookies: { keys: ["signs the cookies of this process"] },
  clients: clients.map(({ id, secret, redirectURI, algorithm }) => ({
    client_id: id, client_secret: secret, redirect_uris: [redirectURI], id_token_signed_response_alg: algorithm,
  })),
  enabledJWA: { idTokenSigningAlgValues: [...new Set(clients.map(({ algorithm }) => algorithm))] },
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false, // as most providers do: the ID token has the claims of the scope, and userinfo is not asked
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  features: {
    // Whoever asks for the resource gets a JWT (RFC 9068) instead of an opaque access token.
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ audience: resource, scope: "read", accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } }),
    },
  },
  extraTokenClaims: (_, token) => people[token.accountId],
  // Longer than the server, whose clock the test moves, uses keys that it cannot fetch.
  ttl: { AccessToken: 7200, IdToken: 7200, Session: 7200, Grant: 7200, Interaction: 600, AuthorizationCode: 60 },
};

const server = createServer();
server.listen(port, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  server.on("request", new Provider(issuer, configuration).callback());
  console.log(issuer);
});
