import {
  type JsonObject,
  type SessionContainer,
  SessionError,
  type VerifySessionOptions,
} from "@acme/session-core";
import type { FixtureExchange, FixtureReply, FixtureRoute } from "./fixture-route.js";
import type { Gate } from "./gate.js";
import { optionForms } from "./option-forms.js";
import { ANSWERED_BY_THE_APP, needsRole } from "./role-validator.js";
import type { SharedRefusals } from "./shared-refusals.js";

/** What the routes share with the application they belong to. */
export interface FixtureState {
  readonly gate: Gate;
  /** Notes an error of ours that tells a developer of a mistake. */
  developerError(error: unknown): void;
  /** An error of the application's own; the last one made is remembered. */
  foreignError(): Error;
  /** The next session that is stored or deleted waits at the gate. */
  holdNextWrite(): void;
  /** What happens in a transaction of the application that is then refused. */
  refusedInTransaction(work: () => Promise<unknown>): Promise<void>;
  /** The one error object that the application throws wherever it wants to, for any visitor. */
  sharedError(): Error;
  /** The one error of ours, of each type, that all requests get which wait for the same thing. */
  readonly sharedRefusals: SharedRefusals;
}

/** The routes of adapters.md §11.1: the same application in every host. */
export function makeFixtureRoutes(state: FixtureState): readonly FixtureRoute[] {
  return [
    { name: "public", method: "GET", path: "/public", handle: async () => json({ ok: true }) },
    {
      name: "whoami",
      method: "GET",
      path: "/whoami",
      handle: async (exchange) => json(describe(await exchange.getSession())),
    },
    {
      name: "guarded",
      method: "GET",
      path: "/guarded",
      guard: {},
      handle: async ({ guarded }) => json(describe(guarded)),
    },
    {
      name: "guarded-optional",
      method: "GET",
      path: "/guarded-optional",
      guard: { sessionRequired: false },
      handle: async ({ guarded }) => json(describe(guarded)),
    },
    {
      name: "guarded-foreign",
      method: "GET",
      path: "/guarded-foreign",
      guard: {},
      handle: async () => {
        throw state.foreignError();
      },
    },
    {
      name: "admin",
      method: "GET",
      path: "/admin",
      handle: async (exchange) => json(describe(await exchange.getSession(asAdmin()))),
    },
    { name: "shared", method: "GET", path: "/shared", handle: async () => ({ kind: "shared" }) },
    {
      name: "shared-error",
      method: "GET",
      path: "/shared-error",
      handle: async () => {
        throw state.sharedError();
      },
    },
    {
      name: "shared-refusal",
      method: "GET",
      path: "/shared-refusal",
      handle: async ({ query }) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        throw state.sharedRefusals.get(query.get("type"));
      },
    },
    {
      name: "refusal-changes",
      method: "GET",
      path: "/refusal-changes",
      handle: async () => json(state.sharedRefusals.changes()),
    },
    ...[{ roles: ["editor"] }, { permissions: ["pages:edit"] }].map(
      (guard): FixtureRoute => ({
        name: "editors",
        method: "GET",
        path: `/editors-by-${Object.keys(guard)[0]}`,
        guard,
        handle: async ({ guarded }) => json(describe(guarded)),
      }),
    ),
    ...Object.entries(optionForms({ roles: ["editor"] })).flatMap(([form, options]): FixtureRoute[] => [
      {
        name: "editors",
        method: "GET",
        path: `/editors-by-${form}`,
        guard: options,
        handle: async ({ guarded }) => json(describe(guarded)),
      },
      {
        name: "editors-asked",
        method: "GET",
        path: `/editors-asked-by-${form}`,
        handle: async (exchange) => json(describe(await exchange.getSession(options))),
      },
    ]),
    {
      name: "misspelt",
      method: "GET",
      path: "/misspelt",
      handle: async (exchange) => {
        const slip: object = { requires: [needsRole("admin")] };
        return json(describe(await exchange.getSession(slip)));
      },
    },
    { name: "override", method: "GET", path: "/override", handle: (exchange) => override(state, exchange) },
    { name: "login", method: "POST", path: "/login", takesBody: true, handle: login },
    {
      name: "login-refused",
      method: "POST",
      path: "/login-refused",
      handle: async (exchange) => {
        exchange.setCookie("app-before", "1");
        await state.refusedInTransaction(async () => {
          await exchange.createNewSession("user-refused", {});
          exchange.setCookie("app-inside", "2");
        });
        exchange.setCookie("app-after", "3");
        return json(describe(await exchange.getSession({ sessionRequired: false })));
      },
    },
    {
      name: "logout",
      method: "POST",
      path: "/logout",
      handle: async (exchange) => {
        await (await exchange.getSession())?.revokeSession();
        return json({ ok: true });
      },
    },
    {
      name: "merge",
      method: "POST",
      path: "/merge",
      takesBody: true,
      handle: (exchange) => merge(state, exchange),
    },
    {
      name: "forgotten",
      method: "POST",
      path: "/forgotten",
      handle: async (exchange) => {
        const isLogout = exchange.query.get("what") === "logout";
        const found = isLogout ? await exchange.getSession() : undefined;
        state.holdNextWrite();
        // Nobody awaits it, and nobody takes its rejection.
        void (isLogout ? found?.revokeSession() : exchange.createNewSession("forgotten", {}));
        return json({ ok: true });
      },
    },
    { name: "many", method: "GET", path: "/many", guard: {}, handle: many },
    {
      name: "create-then-get",
      method: "POST",
      path: "/create-then-get",
      takesBody: true,
      handle: async (exchange) => {
        const created = await exchange.createNewSession("user-new", {});
        const found = await exchange.getSession();
        return json({ created: created.getHandle(), found: found?.getHandle() });
      },
    },
    {
      name: "merge-then-get",
      method: "POST",
      path: "/merge-then-get",
      takesBody: true,
      handle: async (exchange) => {
        await (await exchange.getSession())?.mergeIntoAccessTokenPayload({ merged: true });
        return json(describe(await exchange.getSession()));
      },
    },
    {
      name: "unguarded-throw",
      method: "GET",
      path: "/unguarded-throw",
      handle: async (exchange) => json(describe(await exchange.getSession(asAdmin()))),
    },
    {
      name: "custom-error",
      method: "GET",
      path: "/custom-error",
      handle: async (exchange) =>
        json(
          describe(
            await exchange.getSession({
              overrideGlobalClaimValidators: () => [needsRole("admin", ANSWERED_BY_THE_APP)],
            }),
          ),
        ),
    },
    {
      name: "stream",
      method: "GET",
      path: "/stream",
      guard: {},
      handle: async (exchange) => {
        const { guarded, query } = exchange;
        if (query.get("merge") === "1") await guarded?.mergeIntoAccessTokenPayload({ streamed: true });
        return { kind: "stream", pieces: pieces(state, guarded, query.get("late") === "1") };
      },
    },
    {
      name: "pending",
      method: "GET",
      path: "/pending",
      handle: async (exchange) => {
        const found = await exchange.getSession({
          overrideGlobalClaimValidators: async (globals) => {
            await state.gate.pass();
            return [...globals];
          },
        });
        return json(describe(found));
      },
    },
    {
      name: "gate-arrival",
      method: "GET",
      path: "/gate",
      handle: async () => {
        await state.gate.arrival();
        return json({});
      },
    },
    {
      name: "gate-open",
      method: "POST",
      path: "/gate",
      handle: async () => {
        await state.gate.open();
        return json({});
      },
    },
    {
      name: "echo",
      method: "POST",
      path: "/echo",
      guard: {},
      takesBody: true,
      handle: async ({ body }) => json(body),
    },
    { name: "all", method: "ALL", path: "/all", guard: {}, handle: async () => json({ ok: true }) },
    {
      name: "app-owned",
      method: "GET",
      path: "/auth/app-owned",
      handle: async () => json({ appOwned: true }),
    },
  ];
}

const json = (body: unknown): FixtureReply => ({ kind: "json", body });

function describe(session: SessionContainer | undefined): unknown {
  if (session === undefined) return null;
  return {
    userId: session.getUserId(),
    handle: session.getHandle(),
    payload: session.getAccessTokenPayload(),
  };
}

function asAdmin(): VerifySessionOptions {
  return { overrideGlobalClaimValidators: async (globals) => [...globals, needsRole("admin")] };
}

/** `case=empty`, `case=throw`, `case=arguments`. */
async function override(state: FixtureState, exchange: FixtureExchange): Promise<FixtureReply> {
  const which = exchange.query.get("case");
  let seen: unknown;
  const found = await exchange.getSession({
    overrideGlobalClaimValidators: async (globals, session, userContext) => {
      if (which === "throw") throw state.foreignError();
      seen = [Array.isArray(globals), session.getUserId(), typeof userContext];
      return [];
    },
  });
  return json({ userId: found?.getUserId(), seen });
}

interface LoginBody {
  userId: string;
  payload?: JsonObject;
  mode?: "json" | "redirect" | "empty" | "shared" | "own-cookies" | "own-headers";
}

async function login(exchange: FixtureExchange): Promise<FixtureReply> {
  const { userId, payload = {}, mode = "json" } = exchange.body as LoginBody;
  if (mode === "own-headers") {
    exchange.setHeader("Access-Control-Expose-Headers", "X-App, Front-Token");
    exchange.setHeader("Vary", "Accept-Language");
  }
  if (mode === "own-cookies") {
    exchange.setCookie("app-before", "1");
    exchange.setCookie("sAccess", "the app's own");
  }
  const session = await exchange.createNewSession(userId, payload);
  if (mode === "own-cookies") exchange.setCookie("app-after", "2");
  if (mode === "redirect") return { kind: "redirect", location: "/public" };
  if (mode === "empty" || mode === "shared") return { kind: mode };
  return json({ handle: session.getHandle() });
}

interface MergeBody {
  patch: JsonObject;
  times?: number;
  /** What the handler does then; default answers. */
  andThen?: "throw-foreign" | "throw-shared" | "throw-unauthorised";
}

async function merge(state: FixtureState, exchange: FixtureExchange): Promise<FixtureReply> {
  const { patch, times = 1, andThen } = exchange.body as MergeBody;
  const session = await exchange.getSession();
  for (let time = 1; time <= times; time += 1) {
    await session?.mergeIntoAccessTokenPayload({ ...patch, time });
  }
  if (andThen === "throw-foreign") throw state.foreignError();
  if (andThen === "throw-shared") throw state.sharedError();
  if (andThen === "throw-unauthorised") {
    throw new SessionError({ type: "UNAUTHORISED", message: "the application says so" });
  }
  return json(describe(session));
}

async function many(exchange: FixtureExchange): Promise<FixtureReply> {
  const atOnce = await Promise.all(Array.from({ length: 5 }, () => exchange.getSession()));
  const after = await exchange.getSession();
  const all = [exchange.guarded, ...atOnce, after];
  return json({ handles: all.map((one) => one?.getHandle()), areOneObject: new Set(all).size === 1 });
}

/** Three pieces; each but the first waits until the client has asked for it, so it has what went before. */
async function* pieces(
  state: FixtureState,
  session: SessionContainer | undefined,
  isLate: boolean,
): AsyncGenerator<string> {
  yield "one\n";
  await state.gate.pass();
  if (isLate) {
    try {
      await session?.mergeIntoAccessTokenPayload({ late: true });
    } catch (error) {
      state.developerError(error);
    }
  }
  yield "two\n";
  await state.gate.pass();
  yield "three\n";
}
