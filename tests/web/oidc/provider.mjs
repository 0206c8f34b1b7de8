// An OpenID Connect provider on loopback for the tests, with users as they are given on the command line. It prints
// its address when it listens, and ends when its input does.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { clientId, secret, redirectUri, users } = JSON.parse(process.argv[2]);

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: secret, redirect_uris: [redirectUri] }],
    claims: { openid: ["sub", "amr"], email: ["email", "email_verified"], acr: null, auth_time: null },
    acrValues: ["phr"],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...users[sub].claims }) }),
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope("openid email");
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  server.on("request", async (request, response) => {
    const url = new URL(request.url, issuer);
    if (!url.pathname.startsWith("/interaction/")) {
      answer(request, response);
      return;
    }
    const sub = url.searchParams.get("as");
    if (sub === null) {
      response.setHeader("content-type", "text/html");
      response.end(Object.keys(users).map((name) => `<a href="?as=${name}">${name}</a>`).join(" "));
      return;
    }
    const user = users[sub];
    const result = user
      ? { login: { accountId: sub, amr: user.amr, acr: user.acr } }
      : { error: "access_denied", error_description: "The user refused." };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  });
  console.log(issuer);
});
process.stdin.on("end", () => process.exit(0)).resume();
