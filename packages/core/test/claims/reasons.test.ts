import { afterEach, describe, expect, it } from "vitest";
import type { SessionClaimValidator } from "../../src/claims/claim-validator.js";
import { allOf, anyOf, not } from "../../src/claims/combinators.js";
import { mfaClaim } from "../../src/claims/mfa-claim.js";
import { PrimitiveClaim } from "../../src/claims/primitive-claim.js";
import { SessionError } from "../../src/errors/session-error.js";
import { startApp, type TestApp } from "../support/http-app.js";

let app: TestApp;
afterEach(() => app.close());

const cyclic: { name: string; self?: unknown } = { name: "x" };
cyclic.self = cyclic;

const UNWRITABLE: [name: string, reason: unknown, shown: unknown][] = [
  ["a big integer", { message: "too many", count: 10n }, { message: "too many", count: "10" }],
  ["a bare big integer", 10n, "10"],
  ["a cycle", cyclic, { name: "x" }],
  ["a big integer in a list", [1, 2n], [1, "2"]],
  [
    "a toJSON that throws",
    {
      toJSON() {
        throw new Error("no");
      },
    },
    { message: "the reason cannot be written as JSON" },
  ],
  [
    "a getter that throws",
    {
      get secret() {
        throw new Error("no");
      },
    },
    { message: "the reason cannot be written as JSON" },
  ],
];

describe("a reason that JSON cannot carry", () => {
  it.each(UNWRITABLE)("%s: the client gets its 403, with what can be shown", async (_, reason, shown) => {
    const refusing: SessionClaimValidator = { id: "mine", validate: () => ({ isValid: false, reason }) };
    const seen: unknown[] = [];
    app = await startApp(
      {},
      {
        "GET /one": async (req, res, session) => session.getSession(req, res, { require: [refusing] }),
        "GET /any": async (req, res, session) => session.getSession(req, res, { require: [anyOf(refusing)] }),
        "GET /thrown": async () => {
          throw new SessionError({ type: "INVALID_CLAIMS", message: "x", payload: [{ id: "mine", reason }] });
        },
      },
    );
    const client = app.client();
    await client.send("POST", "/login");
    for (const [path, expected] of [
      ["/one", [{ id: "mine", reason: shown }]],
      ["/any", expect.anything()],
      ["/thrown", expect.anything()],
    ] as const) {
      const response = await client.send("GET", path);
      expect([path, response.status, response.json]).toEqual([
        path,
        403,
        { message: "invalid claim", claimValidationErrors: expected },
      ]);
    }
    const handle = await app.session
      .createNewSessionWithoutRequestResponse("user-1")
      .then((session) => session.assertClaims([refusing]))
      .catch((error: unknown) => error);
    seen.push(JSON.stringify((handle as SessionError).payload));
    expect(JSON.parse(String(seen[0]))).toEqual([{ id: "mine", reason: shown }]);
  });
});

describe("not() goes by what is known, never by the words of a reason", () => {
  const saying = (message: string): SessionClaimValidator => ({
    id: "mine",
    validate: () => ({ isValid: false, reason: { message } }),
  });
  const verdict = async (validator: SessionClaimValidator): Promise<string> => {
    app ??= await startApp();
    const session = await app.session.createNewSessionWithoutRequestResponse("user-1");
    return session.assertClaims([validator]).then(
      () => "holds",
      (error: SessionError) => error.type,
    );
  };

  it.each(["expired", "value does not exist", "MFA info not available in payload", "anything else"])(
    "a rule of the application's that says %o is a no like any other",
    async (message) => {
      app = await startApp();
      expect(await verdict(not(saying(message)))).toBe("holds");
      expect(await verdict(not(not(saying(message))))).toBe("INVALID_CLAIMS");
      expect(await verdict(not(allOf(saying(message))))).toBe("holds");
      expect(await verdict(not(anyOf(saying(message))))).toBe("holds");
    },
  );

  it("a claim that is missing fails both ways, whatever the rule says of it", async () => {
    app = await startApp();
    const plan = new PrimitiveClaim<string>({ key: "plan", fetchValue: () => undefined, autoAdd: false });
    const mfa = mfaClaim({ allowedFactors: ["totp"], getRequirements: () => ["totp"] });
    const own = plan.validators.hasValue("pro");
    const reworded: SessionClaimValidator = { ...own, validate: () => ({ isValid: false, reason: "no!" }) };
    for (const rule of [own, reworded, allOf(own), anyOf(own)]) {
      expect(await verdict(not(rule))).toBe("INVALID_CLAIMS");
    }
    const unfetched: SessionClaimValidator = {
      ...mfa.claim.validators.hasCompletedFactors(["totp"]),
      shouldRefetch: () => false,
    };
    expect(await verdict(not(unfetched))).toBe("INVALID_CLAIMS");
  });

  it("a rule of the application's says itself when it cannot tell", async () => {
    app = await startApp();
    const unsure: SessionClaimValidator = { ...saying("no"), isKnown: () => false };
    expect(await verdict(not(unsure))).toBe("INVALID_CLAIMS");
    expect(await verdict(not({ ...unsure, isKnown: () => true }))).toBe("holds");
  });
});
