import assert from "node:assert/strict";
import {
  MemoryStore,
  SessionError,
  type SessionOptions,
  silentLogger,
  type VerifySessionOptions,
} from "@acme/session-core";
import { createUserRoles } from "@acme/session-core/user-roles";
import type { ConformanceRunner } from "../conformance-runner.js";

/** Makes, or calls, something that guards: what cannot work is thrown here, or the promise rejects with it. */
export type Guarding<S> = (session: S, options: VerifySessionOptions | undefined) => unknown;

/** What the cases of misuse need to know of an adapter. */
export interface MisuseSubject<S> {
  createSession(options: SessionOptions): S;
  /** Every function of the adapter that takes the options of a guard, by name. */
  readonly guards: Readonly<Record<string, Guarding<S>>>;
  /** Those that get their options with each request, and look into lists only where there is a session. */
  readonly perRequest?: readonly string[];
  /** An option of the adapter's own, misspelt, and its right name. */
  readonly misspelt?: readonly [wrong: string, right: string];
}

/** As somebody writes it who reads no types. */
const untyped = (value: unknown): VerifySessionOptions => value as VerifySessionOptions;

const NO_OPTIONS: readonly [string, unknown][] = [
  ["null", null],
  ["a string", "redis://"],
  ["a number", 7],
  ["a list", []],
  ["a promise", Promise.resolve({})],
];

const OPTION = /^INVALID_OPTION /;
const REFUSED = /^INVALID_(OPTION|ARGUMENT) /;
const validator = { id: "never", validate: () => ({ isValid: false }) };

interface Slip {
  readonly title: string;
  readonly options: unknown;
  /** In the error's type and message. */
  readonly told?: RegExp;
  /** Found where the lists are looked into. */
  readonly isDeep?: true;
}

const SLIPS: readonly Slip[] = [
  ...NO_OPTIONS.map(([title, options]) => ({ title, options })),
  { title: "a function", options: () => ({ roles: ["admin"] }) },
  { title: "a map", options: new Map([["roles", ["admin"]]]) },
  {
    title: "a misspelt option",
    options: { requires: [] },
    told: /^INVALID_OPTION .*did you mean `require`\?/,
  },
  {
    title: "a misspelt option that is inherited",
    options: Object.create({ requires: [] }),
    told: /^INVALID_OPTION .*did you mean `require`\?/,
  },
  { title: "roles without createUserRoles()", options: { roles: ["admin"] }, told: /createUserRoles\(\)/ },
  {
    title: "inherited roles without createUserRoles()",
    options: Object.create({ roles: ["admin"] }),
    told: /createUserRoles\(\)/,
  },
  {
    title: "permissions without createUserRoles()",
    options: { permissions: ["edit"] },
    told: /createUserRoles\(\)/,
  },
  { title: "one role, and no list", options: { roles: "admin" }, told: OPTION },
  { title: "no role at all", options: { roles: [] }, told: OPTION },
  { title: "a role that does not exist", options: { roles: [undefined] }, told: OPTION },
  { title: "roles that do not exist", options: { ...{ roles: undefined } }, told: OPTION },
  {
    title: "roles that a getter does not know",
    options: new (class {
      readonly checkDatabase = true;
      get roles(): undefined {
        return undefined;
      }
    })(),
    told: OPTION,
  },
  { title: "permissions that are no list", options: { permissions: {} }, told: OPTION },
  { title: "a validator, and no list", options: { require: validator } },
  { title: "a promise of validators", options: { require: Promise.resolve([validator]) } },
  {
    title: "a validator that is a promise",
    options: { require: [Promise.resolve(validator)] },
    isDeep: true,
  },
  { title: "a validator that does not exist", options: { only: [undefined] }, isDeep: true },
  { title: "validators that do not exist", options: { only: undefined }, told: OPTION },
  { title: "an id, and no list", options: { skip: "never" }, told: OPTION },
  { title: "validators where code belongs", options: { overrideGlobalClaimValidators: [] }, told: OPTION },
  { title: "a text for a flag", options: { sessionRequired: "false" }, told: OPTION },
  { title: "a number for a flag", options: { checkDatabase: 1 }, told: OPTION },
];

/** Registers what every adapter refuses when it is given: an option that cannot work, of an instance or of a guard. */
export function runAdapterMisuse<S extends { close(): Promise<void> }>(
  { createSession, guards, perRequest = [], misspelt }: MisuseSubject<S>,
  { describe, it }: ConformanceRunner,
): void {
  const withSession = async (options: SessionOptions, use: (session: S) => Promise<void>): Promise<void> => {
    const appInfo = { appName: "misuse", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" };
    const session = createSession({ appInfo, store: new MemoryStore(), logger: silentLogger, ...options });
    try {
      await use(session);
    } finally {
      await session.close();
    }
  };

  describe("what cannot work is refused when it is given", () => {
    for (const [title, given] of NO_OPTIONS) {
      it(`createSession: ${title}`, async () => {
        await refused(() => createSession(given as SessionOptions), /^INVALID_OPTION .*createSession/);
      });
    }

    if (misspelt !== undefined) {
      const [wrong, right] = misspelt;
      it(`createSession: \`${wrong}\``, async () => {
        await refused(() => createSession({ [wrong]: "x" }), new RegExp(`did you mean \`${right}\``));
      });
    }

    for (const [name, guard] of Object.entries(guards)) {
      for (const { title, options, told = REFUSED, isDeep } of SLIPS) {
        if (isDeep && perRequest.includes(name)) continue;
        it(`${name}: ${title}`, () =>
          withSession({}, (session) => refused(() => guard(session, untyped(options)), told)));
      }

      it(`${name}: what is right is taken`, () =>
        withSession({ plugins: [createUserRoles()] }, async (session) => {
          await guard(session, undefined);
          await guard(session, { roles: ["admin"], require: [validator], sessionRequired: undefined });
        }));
    }
  });
}

/** @throws AssertionError unless it throws, or rejects with, an error of ours that says so */
async function refused(misuse: () => unknown, told: RegExp): Promise<void> {
  await assert.rejects(
    async () => misuse(),
    (error) => {
      assert.ok(SessionError.is(error), String(error));
      assert.match(`${error.type} ${error.message}`, told);
      return true;
    },
  );
}
