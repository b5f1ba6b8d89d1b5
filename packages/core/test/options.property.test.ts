import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bindSession } from "../src/adapter/bind-session.js";
import {
  allOf,
  BooleanClaim,
  defineClaim,
  emailVerifiedClaim,
  mfaClaim,
  PrimitiveArrayClaim,
  PrimitiveClaim,
} from "../src/claims/index.js";
import { checkFactoryOptions } from "../src/config/options-schema.js";
import { nearestName } from "../src/errors/option-check.js";
import { SessionError } from "../src/errors/session-error.js";
import { checkGuardOptions } from "../src/flows/guard-options.js";
import { sqliteStore } from "../src/sqlite/index.js";
import { MemoryStore } from "../src/store/index.js";
import { createUserRoles, definePermissions } from "../src/user-roles/index.js";
import { createAccessTokenVerifier } from "../src/verify/index.js";
import { startApp, type TestApp, wrap } from "./support/http-app.js";

/** A public function that takes options: what it is called with, and what each of its options may be. */
interface Taker {
  call(options: unknown): unknown;
  /** Options it cannot do without. */
  base?: Record<string, unknown>;
  /** A value of the wrong type for each option, by name. */
  wrong: Record<string, unknown>;
  /** What members of members may be, by path. */
  inner?: Record<string, Record<string, unknown>>;
}

let app: TestApp;
let roles: ReturnType<typeof createUserRoles>;
beforeAll(async () => {
  roles = createUserRoles();
  app = await startApp({ plugins: [roles] });
});
afterAll(() => app.close());

const fetchValue = () => true;
const POLICY = {
  mode: "tokens",
  onSessionRefresh: 1,
  onFetchError: "ignore",
  maxStaleSeconds: "1",
  fetchTimeoutMs: -1,
  dependsOn: {},
  clientRefreshable: "yes",
  minRefetchSeconds: null,
};
const GUARD = {
  sessionRequired: "false",
  antiCsrfCheck: 1,
  checkDatabase: "yes",
  roles: "admin",
  permissions: [],
  require: {},
  skip: "st-ev",
  only: () => [],
  overrideGlobalClaimValidators: [],
};
const CREATE = {
  appInfo: "x",
  store: "postgres://",
  secret: 1,
  plugins: {},
  claims: {},
  cookieDomain: 1,
  olderCookieDomain: 1,
  cookieSecure: "true",
  cookieSameSite: 1,
  accessTokenPath: 1,
  cookiePrefixes: 1,
  sessionExpiredStatusCode: "401",
  invalidClaimStatusCode: "403",
  antiCsrf: true,
  tokenTransfer: true,
  getTokenTransferMethod: "cookie",
  getCookieNameForTokenType: "x",
  getResponseHeaderNameForTokenType: "x",
  exposeAccessTokenToFrontendInCookieBasedAuth: 1,
  useDynamicAccessTokenSigningKey: 1,
  jwksRefreshIntervalSec: "1",
  errorHandlers: () => {},
  override: () => {},
  accessTokenValiditySeconds: "900",
  accessTokenValidityJitter: "0",
  refreshTokenValidityMinutes: "1",
  absoluteLifetimeDays: "1",
  accessTokenSigningKeyUpdateIntervalHours: "1",
  refreshGracePeriodSeconds: "1",
  signingAlgorithm: "none",
  checkDatabaseByDefault: 1,
  revokePreviousSession: 1,
  verifiedTokenCache: true,
  refreshRateLimit: true,
  clock: Date,
  random: 4,
  logger: "console",
  onEvent: {},
  allowTestValues: 1,
};
const CLAIM = { ...POLICY, autoAdd: 1, defaultMaxAgeInSeconds: "1" };
const claim = defineClaim({ key: "plan", fetch: () => "free" });
const path = join(tmpdir(), "never-made", "x.db");
const keys = [{ kty: "EC" }];

const TAKERS: Record<string, Taker> = {
  createSession: { call: (options) => bindSession(options as object, wrap), wrong: CREATE },
  "createSession of an adapter": { call: (options) => checkFactoryOptions(options), wrong: CREATE },
  "createSession, errorHandlers": {
    call: (errorHandlers) => bindSession({ errorHandlers: errorHandlers as object }, wrap),
    wrong: {
      onUnauthorised: 1,
      onTryRefreshToken: 1,
      onTokenTheftDetected: 1,
      onInvalidClaim: 1,
      onClearDuplicateSessionCookies: 1,
    },
  },
  "createSession, override": {
    call: (override) => bindSession({ override: override as object }, wrap),
    wrong: { functions: {}, apis: {} },
  },
  "createSession, appInfo": {
    call: (appInfo) => bindSession({ appInfo: appInfo as never }, wrap),
    base: { appName: "x", apiDomain: "https://api.x.test", websiteDomain: "https://x.test" },
    wrong: {
      appName: 1,
      apiDomain: 1,
      websiteDomain: 1,
      origin: 1,
      apiBasePath: 1,
      websiteBasePath: 1,
      apiGatewayPath: 1,
    },
  },
  verifySession: { call: (options) => app.adapter.guardOptions(options as object), wrong: GUARD },
  getSession: { call: (options) => app.adapter.callOptions(options as object), wrong: GUARD },
  getSessionWithoutRequestResponse: {
    call: (options) => app.session.getSessionWithoutRequestResponse("x", undefined, options as object),
    wrong: GUARD,
  },
  createNewSession: {
    call: (user) => app.session.createNewSessionWithoutRequestResponse(user as never),
    base: { userId: "user-1" },
    wrong: { userId: 1, tenantId: 1, accessTokenPayload: "x", sessionData: "x" },
  },
  revokeAllSessions: {
    call: (scope) => app.session.revokeAllSessions(scope as never),
    base: { tenantId: "public" },
    wrong: { tenantId: 1, allTenants: "yes" },
  },
  updateClaimForUser: {
    call: (options) => app.session.updateClaimForUser("user-1", claim, options as object),
    wrong: { tenantId: 1 },
  },
  sqliteStore: {
    call: (options) => sqliteStore(options as never),
    base: { path },
    wrong: { path: 1, synchronous: "OFF", driver: "sqlite3" },
  },
  createUserRoles: {
    call: (options) => createUserRoles(options as object),
    wrong: {
      skipAddingRolesToAccessToken: 1,
      skipAddingPermissionsToAccessToken: 1,
      permissions: ["a"],
      permissionMode: "x",
      roleClaim: "x",
      propagation: "pull",
      maxPushedSessions: "1",
      store: "redis://",
      override: () => {},
    },
  },
  "a change of roles": {
    call: (options) => roles.addRoleToUser("public", "user-1", "x", undefined, options as object),
    wrong: { propagate: 1, revokeSessions: "true", onProgress: {} },
  },
  "a change of a role": {
    call: (options) => roles.deleteRole("x", undefined, options as object),
    wrong: { propagate: 1, revokeSessions: "true", onProgress: {} },
  },
  listRoles: { call: (page) => roles.listRoles(page as object), wrong: { limit: "10", cursor: 1 } },
  defineClaim: {
    call: (options) => defineClaim(options as never),
    base: { key: "plan", fetch: fetchValue },
    wrong: { key: 1, fetch: "free", schema: {}, policy: "x", autoAdd: 1 },
  },
  "defineClaim, policy": {
    call: (policy) => defineClaim({ key: "plan", fetch: fetchValue, policy: policy as object }),
    wrong: { ...POLICY, refetch: "sometimes" },
  },
  PrimitiveClaim: {
    call: (options) => new PrimitiveClaim(options as never),
    base: { key: "plan", fetchValue },
    wrong: { ...CLAIM, fetchValue: 1, key: 1 },
  },
  PrimitiveArrayClaim: {
    call: (options) => new PrimitiveArrayClaim(options as never),
    base: { key: "plan", fetchValue },
    wrong: CLAIM,
  },
  BooleanClaim: {
    call: (options) => new BooleanClaim(options as never),
    base: { key: "plan", fetchValue },
    wrong: CLAIM,
  },
  emailVerifiedClaim: {
    call: (options) => emailVerifiedClaim(options as never),
    base: { isVerified: fetchValue },
    wrong: {
      isVerified: 1,
      mode: "ALWAYS",
      refetchOnFalseSeconds: "1",
      maxAgeSeconds: "1",
      endpoints: 1,
      sendVerification: 1,
      consumeToken: 1,
      policy: 1,
    },
  },
  mfaClaim: {
    call: (options) => mfaClaim(options as never),
    base: { getRequirements: () => [], allowedFactors: ["totp"] },
    wrong: { getRequirements: 1, getFactorsSetup: 1, getContacts: 1, allowedFactors: "totp", endpoints: 1 },
  },
  createAccessTokenVerifier: {
    call: (options) => createAccessTokenVerifier(options as never),
    base: { jwks: "https://api.x.test/jwks.json" },
    wrong: {
      jwks: 1,
      jwksCacheSeconds: "1",
      jwksCooldownSeconds: "1",
      jwksTimeoutSeconds: "1",
      allowPlainHttp: 1,
      fetch: 1,
      algorithms: "ES256",
      tokenTransfer: "x",
      issuer: 1,
      cookieName: 1,
      antiCsrf: "none",
      verifiedTokenCache: true,
      clock: Date,
    },
  },
  verify: {
    call: (how) =>
      createAccessTokenVerifier({ jwks: "https://api.x.test/jwks.json" }).verify(
        { headers: {} },
        how as object,
      ),
    wrong: { sessionRequired: "false", antiCsrfCheck: 0 },
  },
};

async function refusal(call: () => unknown): Promise<SessionError> {
  try {
    await call();
  } catch (error) {
    if (
      SessionError.is(error) &&
      ["INVALID_OPTION", "INVALID_ARGUMENT", "INVALID_PAYLOAD"].includes(error.type)
    )
      return error as SessionError;
    throw error;
  }
  throw new Error("it was accepted");
}

describe.each(Object.entries(TAKERS))("%s", (_name, { call, base = {}, wrong }) => {
  it("refuses a name that does not exist, by that name", async () => {
    const { message, type } = await refusal(() => call({ ...base, zebra: true }));
    expect([type, message]).toEqual([
      "INVALID_OPTION",
      expect.stringMatching(/zebra`: there is no such option/),
    ]);
  });

  it.each(Object.keys(wrong))("says %s where a letter is missing in it", async (option) => {
    const misspelt = option.slice(0, -2) + option.slice(-1);
    const { message, type } = await refusal(() => call({ ...base, [misspelt]: wrong[option] }));
    expect(type).toBe("INVALID_OPTION");
    expect(message).toContain(misspelt);
    expect(message).toContain(`did you mean \`${nearestName(misspelt, Object.keys(wrong)) ?? option}\``);
  });

  it.each(Object.entries(wrong))(
    "refuses %s of a wrong type, by name, and does not show it",
    async (option, value) => {
      const { message } = await refusal(() => call({ ...base, [option]: value }));
      expect(message).toMatch(
        new RegExp(`${option}|user ?id|tenant ?id|access token payload|session data|claim needs a key`, "i"),
      );
    },
  );

  it("refuses a name that does not exist where a class has it as a getter, and where it is inherited", async () => {
    class Getter {
      get zebra(): boolean {
        return true;
      }
    }
    for (const given of [new Getter(), Object.create({ zebra: true })]) {
      const { message } = await refusal(() => call(Object.assign(given, base)));
      expect(message).toMatch(/zebra`: there is no such option/);
    }
  });

  it.each(Object.entries(wrong))(
    "refuses %s of a wrong type also as a getter, inherited, and behind a proxy that tells no names",
    async (option, value) => {
      const said: Record<string, unknown> = { ...base, [option]: value };
      const getters = Object.create(
        Object.create(
          Object.prototype,
          Object.fromEntries(Object.keys(said).map((name) => [name, { get: () => said[name] }])),
        ),
      );
      const proxy = new Proxy({}, { get: (_, name) => said[name as string] });
      for (const given of [getters, Object.create(said), proxy]) {
        const { message } = await refusal(() => call(given));
        expect(message).toMatch(
          new RegExp(
            `${option}|user ?id|tenant ?id|access token payload|session data|claim needs a key`,
            "i",
          ),
        );
      }
    },
  );

  it.each([null, "", 7, true])("refuses %j in place of its options", async (given) => {
    await refusal(() => call(given));
  });
});

describe("options of a class with getters, and inherited ones, count like plain ones", () => {
  const options = {
    antiCsrf: "VIA_TOKEN",
    accessTokenValiditySeconds: 120,
    namespace: "admins",
    logger: { debug() {}, info() {}, warn() {} },
  } as const;
  class Configuration {
    get antiCsrf() {
      return options.antiCsrf;
    }
    get accessTokenValiditySeconds() {
      return options.accessTokenValiditySeconds;
    }
    get namespace() {
      return options.namespace;
    }
    get logger() {
      return options.logger;
    }
  }

  it.each(Object.entries({ getters: new Configuration(), inherited: Object.create(options) as object }))(
    "createSession, %s",
    async (_form, given) => {
      const store = new MemoryStore();
      const admins = bindSession({ ...options, store }, wrap).session;
      const { session } = bindSession(Object.assign(Object.create(given), { store }), wrap);
      const made = await session.createNewSessionWithoutRequestResponse("user-1");
      const { iat, exp, antiCsrfToken } = made.getAccessTokenPayload() as Record<string, number>;
      expect([Number(exp) - Number(iat), typeof antiCsrfToken]).toEqual([120, "string"]);
      expect(await admins.getSessionInformation(made.getHandle())).toMatchObject({ userId: "user-1" });
      await Promise.all([session.close(), admins.close()]);
    },
  );

  it("members of members, and methods with a private `this`", () => {
    class Policy {
      get onFetchError() {
        return "stale" as const;
      }
    }
    class Definition {
      readonly #plan = "free";
      get key() {
        return "plan" as const;
      }
      get policy() {
        return new Policy();
      }
      fetch(): string {
        return this.#plan;
      }
    }
    const defined = defineClaim(new Definition());
    expect([defined.key, defined.policy.onFetchError]).toEqual(["plan", "stale"]);
    expect(defined.fetchValue({} as never)).toBe("free");
  });

  it("an option is read once, so that no second answer goes unchecked", () => {
    let reads = 0;
    const given = {
      get roles() {
        reads += 1;
        return reads === 1 ? ["admin"] : undefined;
      },
    };
    const kept = app.adapter.guardOptions(given as object);
    expect([reads, kept?.require?.length]).toEqual([1, 1]);
    reads = 0;
    expect(app.adapter.callOptions(given as object)?.require?.length).toBe(1);
  });

  it("a copy of checked options loses nothing, and they cannot be changed", () => {
    const given = { roles: ["admin"] };
    for (const form of [given, Object.create(given) as typeof given]) {
      const checked = checkGuardOptions(form);
      expect({ ...checked }).toEqual(given);
      expect(Object.isFrozen(checked)).toBe(true);
    }
  });

  it("a guard whose getter says nothing is refused: a name that does not exist would let everybody in", () => {
    class Admins {
      get roles(): undefined {
        return undefined;
      }
    }
    expect(() => app.adapter.guardOptions(new Admins() as object)).toThrow(/roles`: is undefined/);
    expect(() => app.adapter.callOptions(new Admins() as object)).toThrow(/roles`: is undefined/);
  });
});

describe("arguments that are not what they should be", () => {
  const session = () => app.session.createNewSessionWithoutRequestResponse("user-1");
  const CALLS: Record<string, () => unknown> = {
    setClaimValue: () => app.session.setClaimValue("h", {} as never, 1),
    getClaimValue: () => app.session.getClaimValue("h", "plan" as never),
    removeClaim: () => app.session.removeClaim("h", undefined as never),
    fetchAndSetClaim: () => app.session.fetchAndSetClaim("h", null as never),
    updateClaimForUser: () => app.session.updateClaimForUser("u", "plan" as never),
    validateClaimsForSessionHandle: () => app.session.validateClaimsForSessionHandle("h", [] as never),
    createJWT: () => app.session.createJWT({}, 60, "static" as never),
    "createJWT, payload": () => app.session.createJWT("x" as never),
    "createJWT, validity": () => app.session.createJWT({}, "60" as never),
    "session.assertClaims": async () => (await session()).assertClaims("x" as never),
    "session.authorize": async () => (await session()).authorize(null as never),
    "session.setClaimValue": async () => (await session()).setClaimValue({} as never, 1),
    "session.getClaimValue": async () => (await session()).getClaimValue("plan" as never),
    "session.removeClaim": async () => (await session()).removeClaim({} as never),
    "session.fetchAndSetClaim": async () => (await session()).fetchAndSetClaim(undefined as never),
    "session.claims.get": async () => (await session()).claims.get("plan" as never),
    allOf: () => allOf("x" as never),
    definePermissions: () => definePermissions("books:read" as never),
    createAccessTokenVerifier: () => createAccessTokenVerifier(undefined as never),
    "keys of a verifier": () => createAccessTokenVerifier({ keys: keys as never }),
  };
  it.each(Object.keys(CALLS))("%s throws an error of ours", async (name) => {
    const { message } = await refusal(() => CALLS[name]?.());
    expect(message).not.toMatch(/is not a function|of undefined|of null|\ban override/);
  });
});
