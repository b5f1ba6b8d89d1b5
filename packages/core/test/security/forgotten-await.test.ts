import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PrimitiveClaim } from "../../src/claims/index.js";
import { SessionContainer } from "../../src/session/session-container.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { createUserRoles } from "../../src/user-roles/index.js";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";

let app: TestApp;
let unhandled: unknown[];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled = [];
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  process.off("unhandledRejection", note);
  vi.unstubAllEnvs();
  await app.close();
});

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
};

type Call = (...given: unknown[]) => unknown;
const functionsOf = (owner: object, names: readonly string[]): [name: string, call: Call][] =>
  names.flatMap((name) => {
    const member: unknown = Reflect.get(owner, name);
    return typeof member === "function" ? [[name, member.bind(owner) as Call] as [string, Call]] : [];
  });

/** What is no promise, and what is to end a process that cannot start. */
const NOT_ASKED = ["Error", "ready", "close", "constructor"];
const claim = new PrimitiveClaim({ key: "plan", fetchValue: async () => "free" });
/** Arguments of which something is wrong for every function, or that need a store, which is away. */
const ARGUMENTS: readonly unknown[][] = [
  [],
  [null, null, null, null],
  ["handle", {}, {}, {}],
  ["handle", claim, "value"],
  [claim, "value"],
  [{ role: "admin" }],
  [[{ id: "no", validate: () => ({ isValid: false, reason: "no" }) }]],
  [{ no: 1 }],
];

/** Calls everything of the instance and of the container of a request, and awaits nothing. @returns what rejects */
async function forgetAll(options: object): Promise<Set<string>> {
  const rejecting = new Set<string>();
  const roles = createUserRoles({ store: new MemoryStore() });
  const asked: Promise<unknown>[] = [];
  const forget = (name: string, call: Call): void => {
    for (const given of ARGUMENTS) {
      let answer: unknown;
      try {
        answer = call(...given);
      } catch {
        continue;
      }
      if (answer instanceof Promise) asked.push(settledOf(name, answer));
    }
  };
  /** Looks at a promise only when the process has had its say. */
  const settledOf = async (name: string, promise: Promise<unknown>): Promise<void> => {
    await settled();
    await promise.catch(() => rejecting.add(name));
  };
  const forgotten: Handler = async (req, res, session) => {
    const found = await session.getSession(req, res);
    app.store.fail = () => "before";
    const names = Object.keys(session).filter((name) => !NOT_ASKED.includes(name));
    for (const [name, call] of functionsOf(session, names)) forget(name, call);
    const methods = Object.getOwnPropertyNames(SessionContainer.prototype).filter(
      (name) => !NOT_ASKED.includes(name) && name !== "sink",
    );
    for (const [name, call] of functionsOf(found, methods)) forget(`session.${name}`, call);
    for (const [name, call] of functionsOf(roles, Object.keys(roles))) {
      if (name !== "attach") forget(`roles.${name}`, call);
    }
    await settled();
    return {};
  };
  app = await startApp({ allowTestValues: true, claims: [claim], ...options }, { "POST /forgot": forgotten });
  const client = app.client("header");
  await client.send("POST", "/login");
  await client.send("POST", "/forgot", {}, "{}");
  await Promise.all(asked);
  app.store.fail = undefined;
  return rejecting;
}

describe("a promise that nobody awaits", () => {
  it.each([
    ["as it comes", {}],
    ["with `debug`", { debug: true }],
    ["with override.functions", { override: { functions: (original: object) => ({ ...original }) } }],
  ])("in production ends no process, whichever function made it, %s", async (_, options) => {
    vi.stubEnv("NODE_ENV", "production");
    const rejecting = await forgetAll(options);
    expect(unhandled).toEqual([]);
    for (const name of [
      "getSession",
      "createNewSession",
      "revokeSession",
      "listSecrets",
      "deleteExpiredSessions",
      "session.authorize",
      "session.assertClaims",
      "session.getClaimValue",
      "session.getSessionData",
      "session.getExpiry",
      "session.mergeIntoAccessTokenPayload",
      "session.attachToRequestResponse",
      "roles.addRoleToUser",
      "roles.getRolesForUser",
    ]) {
      expect(rejecting).toContain(name);
    }
    expect(rejecting.size).toBeGreaterThan(35);
  });

  it("in development is loud, but for what the log names by itself", async () => {
    await forgetAll({});
    expect(unhandled.length).toBeGreaterThan(20);
  });
});
