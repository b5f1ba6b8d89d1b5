import { createRemoteJWKSet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { browserSuite } from "./support/browser-suite.ts";

/** Ten hours, because the client's own suite lives on shorter ones that production forbids. */
const ROTATION_HOURS = 10;

describe.each(["ES256", "RS256", "EdDSA"] as const)("signed with %s", (signingAlgorithm) => {
  browserSuite(
    "a page that shows its access token to others",
    { signingAlgorithm, exposeAccessTokenToFrontendInCookieBasedAuth: true, addCustomClaim: true },
    (suite) => {
      it("proves it through discovery and JWKS, by a standard library [wire A-5, B-12, P-4, X-5]", async () => {
        const tab = await suite.tab({ origin: suite.site.otherOrigin });
        await tab.signIn();
        const accessToken = (await tab.accessToken()) ?? "";
        // TA-12
        const { iss } = await tab.payload();
        const found = await fetch(`${iss}/.well-known/openid-configuration`);
        const discovery = (await found.json()) as { jwks_uri: string };
        expect(discovery).toMatchObject({
          issuer: iss,
          jwks_uri: `${iss}/jwt/jwks.json`,
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: [signingAlgorithm],
          response_types_supported: expect.any(Array),
        });
        const jwks = await fetch(discovery.jwks_uri);
        expect([found, jwks].map(({ headers }) => headers.get("access-control-allow-origin"))).toEqual([
          "*",
          "*",
        ]);
        const { payload, protectedHeader } = await jwtVerify(
          accessToken,
          createRemoteJWKSet(new URL(discovery.jwks_uri)),
          { issuer: String(iss) },
        );
        expect(payload).toMatchObject({ sub: "user-1", customClaim: "customValue" });
        expect(protectedHeader.alg).toBe(signingAlgorithm);
        // Shown, but never sent as a bearer token: there is no refresh token beside it.
        expect(JSON.parse((await tab.get("/echo-headers")).text)).not.toHaveProperty("authorization");
      });
    },
  );
});

browserSuite(
  "an access token that outlives its signing key",
  { accessTokenSigningKeyUpdateIntervalHours: ROTATION_HOURS, accessTokenValiditySeconds: 10 * 86_400 },
  (suite) => {
    it("stays good through two rotations, without a refresh [wire Y-6]", async () => {
      const tab = await suite.tab();
      await tab.signIn();
      suite.site.reset();
      const kids = new Set<string>();
      // TA-8
      for (let rotation = 0; rotation < 3; rotation++) {
        expect(await tab.callMany(20, "/")).toEqual(Array(20).fill(200));
        const { keys } = await suite.site.session.getJWKS();
        for (const { kid } of keys) kids.add(String(kid));
        suite.site.clock.advanceSeconds(ROTATION_HOURS * 3600 + 1);
        await suite.site.session.createNewSessionWithoutRequestResponse("somebody else");
      }
      expect(await tab.callMany(20, "/")).toEqual(Array(20).fill(200));
      expect(kids.size).toBeGreaterThan(2);
      expect(suite.site.counters.refreshAttempted).toBe(0);
    });
  },
);
