import type { IncomingMessage } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { SessionError } from "../../src/errors/session-error.js";
import type { SessionContainer } from "../../src/session/session-container.js";
import { APP_INFO, type Handler, startApp, type TestApp } from "../support/http-app.js";
import type { WireClient } from "../support/wire-client.js";

/** One question that a request can put to us; the digits are two bits, anti-CSRF and database. */
const QUESTIONS = [0, 1, 2, 3] as const;
type Question = (typeof QUESTIONS)[number];
const ORDERS = QUESTIONS.flatMap((a) => QUESTIONS.flatMap((b) => QUESTIONS.map((c) => [a, b, c] as const)));

const optionsOf = (question: number) => ({
  antiCsrfCheck: (question & 1) !== 0,
  checkDatabase: (question & 2) !== 0,
});

const queryOf = (req: IncomingMessage): URLSearchParams => new URL(req.url ?? "/", "http://x").searchParams;

async function verdict(asking: Promise<SessionContainer | undefined>): Promise<string> {
  try {
    return (await asking)?.getHandle() ?? "none";
  } catch (error) {
    return SessionError.is(error) ? error.type : String(error);
  }
}

const settling = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
};

/** `do` happens first; then `ask`, in turn or all at once, and once more what was asked first. */
const ask: Handler = async (req, res, session) => {
  const query = queryOf(req);
  const before = query.get("first") ?? "";
  const questions = (query.get("ask") ?? "").split("").map(Number);
  const put = (question: number) => verdict(session.getSession(req, res, optionsOf(question)));
  for (const step of before.split(".")) {
    if (step.startsWith("ask")) await put(Number(step.slice(3)));
    if (step === "create") await session.createNewSession(req, res, "somebody-new");
    if (step === "revoke") {
      await (await session.getSession(req, res, optionsOf(0))).revokeSession();
    }
    if (step.startsWith("attach")) {
      const accessToken = query.get("token") ?? "";
      const found = await session.getSessionWithoutRequestResponse(accessToken, undefined, optionsOf(0));
      const transferMethod = step === "attach-header" ? "header" : "cookie";
      await found.attachToRequestResponse({ req, res, transferMethod });
    }
  }
  if (query.get("how") === "at-once") return Promise.all(questions.map(put));
  const verdicts: string[] = [];
  for (const question of questions) verdicts.push(await put(question));
  return verdicts;
};

let app: TestApp;
let user: WireClient;
let handle: string;
afterEach(() => app.close());

async function signIn(options: Parameters<typeof startApp>[0] = {}): Promise<void> {
  app = await startApp(options, { "POST /ask": ask });
  user = app.client();
  await user.send("POST", "/login");
  handle = user.front.up.sessionHandle as string;
}

type Headers = Record<string, string | undefined>;
const FROM_ELSEWHERE: Headers = { origin: "https://evil.example.org", rid: undefined };

async function verdicts(
  questions: readonly number[],
  headers: Headers,
  rest: Record<string, string> = {},
): Promise<string[]> {
  const query = new URLSearchParams({ ask: questions.join(""), ...rest });
  return (await user.copy().send("POST", `/ask?${query}`, headers)).json as string[];
}

interface Condition {
  name: string;
  options?: Parameters<typeof startApp>[0];
  headers?: Headers;
  prepare?: () => Promise<unknown> | undefined;
  /** By question; undefined: the session. Several, where a laxer question may have met its own failure before. */
  expected: readonly [
    string | undefined,
    string | undefined,
    string | undefined,
    string | RegExp | undefined,
  ];
}

async function revokedElsewhere(sessionHandle: string): Promise<void> {
  const other = await app.sibling();
  await other.session.revokeSession(sessionHandle);
  await other.close();
}

const storeIsAway = (): undefined => {
  app.store.fail = (operation) => (operation === "getSession" ? "before" : undefined);
};

const CONDITIONS: readonly Condition[] = [
  { name: "from our own page", expected: [undefined, undefined, undefined, undefined] },
  {
    name: "from somebody else's page",
    headers: FROM_ELSEWHERE,
    expected: [undefined, "CSRF_REJECTED", undefined, "CSRF_REJECTED"],
  },
  {
    name: "with a wrong anti-CSRF token",
    options: { antiCsrf: "VIA_TOKEN" },
    headers: { "anti-csrf": "wrong" },
    expected: [undefined, "TRY_REFRESH_TOKEN", undefined, "TRY_REFRESH_TOKEN"],
  },
  {
    name: "without `rid`",
    options: { antiCsrf: "VIA_CUSTOM_HEADER" },
    headers: { rid: undefined },
    expected: [undefined, "TRY_REFRESH_TOKEN", undefined, "TRY_REFRESH_TOKEN"],
  },
  {
    name: "with a session that was revoked by this process",
    prepare: () => app.session.revokeSession(handle),
    expected: ["UNAUTHORISED", "UNAUTHORISED", "UNAUTHORISED", "UNAUTHORISED"],
  },
  {
    name: "with a session that was revoked by another process",
    prepare: () => revokedElsewhere(handle),
    expected: [undefined, undefined, "UNAUTHORISED", "UNAUTHORISED"],
  },
  {
    name: "while the store is away",
    prepare: storeIsAway,
    expected: [undefined, undefined, "STORE_UNAVAILABLE", "STORE_UNAVAILABLE"],
  },
  {
    name: "from somebody else's page, while the store is away",
    headers: FROM_ELSEWHERE,
    prepare: storeIsAway,
    expected: [undefined, "CSRF_REJECTED", "STORE_UNAVAILABLE", /^(CSRF_REJECTED|STORE_UNAVAILABLE)$/],
  },
  {
    name: "with a token that has expired",
    prepare: () => {
      app.clock.advanceSeconds(7200);
      return undefined;
    },
    expected: ["TRY_REFRESH_TOKEN", "TRY_REFRESH_TOKEN", "TRY_REFRESH_TOKEN", "TRY_REFRESH_TOKEN"],
  },
];

describe("what a request is asked, and asked again, is answered as if nothing had been asked before", () => {
  for (const { name, options, headers = {}, prepare, expected } of CONDITIONS) {
    it(`${name}: every option after every other, in turn and at once`, async () => {
      await signIn(options);
      await prepare?.();
      const answerTo = (question: Question): unknown => {
        const wanted = expected[question] ?? handle;
        return wanted instanceof RegExp ? expect.stringMatching(wanted) : wanted;
      };
      for (const order of ORDERS) {
        for (const how of ["in-turn", "at-once"]) {
          const wanted = order.map(answerTo);
          expect([order, how, await verdicts(order, headers, { how })]).toEqual([order, how, wanted]);
        }
      }
    });
  }

  it("a token fresh from a refresh is promoted once, whatever is asked at once", async () => {
    await signIn();
    for (const order of ORDERS) {
      await user.refresh();
      app.store.reset();
      expect(await verdicts(order, {}, { how: "at-once" })).toEqual([handle, handle, handle]);
      expect(app.store.sessionCalls.filter((call) => call === "promoteSession")).toHaveLength(1);
      await user.send("GET", "/me");
      app.clock.advanceSeconds(60);
    }
  });
});

describe("a session that the application begins or ends in the middle of a request", () => {
  for (const before of ["", "ask0.", "ask3."]) {
    it(`made here: whatever is asked then, it is the new one (${before || "nothing"} asked before)`, async () => {
      await signIn();
      for (const headers of [{}, FROM_ELSEWHERE]) {
        const found = await verdicts(QUESTIONS, headers, { first: `${before}create` });
        expect(new Set(found).size).toBe(1);
        expect([found[0] === handle, /^[0-9a-f]{32}$/.test(found[0] ?? "")]).toEqual([false, true]);
        await user.send("POST", "/login");
        handle = user.front.up.sessionHandle as string;
      }
    });

    it(`revoked here: whatever is asked then, there is none (${before || "nothing"} asked before)`, async () => {
      await signIn();
      const found = await verdicts(QUESTIONS, {}, { first: `${before}revoke` });
      expect(new Set(found)).toEqual(new Set(["UNAUTHORISED"]));
    });

    it(`attached here: it has still to pass what a guard asks for (${before || "nothing"} asked before)`, async () => {
      await signIn();
      const token = user.cookies.get("sAccessToken") as string;
      const attached = (step: string, headers: Headers) =>
        verdicts(QUESTIONS, headers, { first: `${before}${step}`, token });
      expect(await attached("attach", {})).toEqual([handle, handle, handle, handle]);
      expect(await attached("attach", FROM_ELSEWHERE)).toEqual([
        handle,
        "CSRF_REJECTED",
        handle,
        "CSRF_REJECTED",
      ]);
      // No browser adds a header by itself.
      expect(await attached("attach-header", FROM_ELSEWHERE)).toEqual([handle, handle, handle, handle]);
      await revokedElsewhere(handle);
      expect(await attached("attach", {})).toEqual([handle, handle, "UNAUTHORISED", "UNAUTHORISED"]);
      expect(await attached("attach-header", FROM_ELSEWHERE)).toEqual([
        handle,
        handle,
        "UNAUTHORISED",
        "UNAUTHORISED",
      ]);
    });
  }

  it("a guard behind an attached session refuses a cross-site POST in every mode", async () => {
    for (const [antiCsrf, headers] of [
      [undefined, FROM_ELSEWHERE],
      ["VIA_TOKEN", { "anti-csrf": "wrong" }],
      ["VIA_CUSTOM_HEADER", { rid: undefined }],
    ] as const) {
      await signIn({ antiCsrf, appInfo: APP_INFO });
      const token = user.cookies.get("sAccessToken") as string;
      const [refused] = await verdicts([1], headers, { first: "attach", token });
      expect(refused).toMatch(/^(CSRF_REJECTED|TRY_REFRESH_TOKEN)$/);
      await app.close();
    }
    await signIn();
  });

  it("what was under way when a session was made does not take its place", async () => {
    const racing: Handler = async (req, res, session) => {
      const asked = session.getSession(req, res, { checkDatabase: true }).catch(() => undefined);
      const created = await session.createNewSession(req, res, "somebody-new");
      await settling();
      const current = await session.getSession(req, res);
      return [created.getHandle(), current.getHandle(), (await asked)?.getHandle()];
    };
    app = await startApp({}, { "POST /racing": racing });
    user = app.client();
    await user.send("POST", "/login");
    await user.refresh();
    const response = await user.send("POST", "/racing");
    const [created, current, asked] = response.json as string[];
    expect([current, asked]).toEqual([created, created]);
    expect(user.front.up.sessionHandle).toBe(created);
    expect(response.setCookies.filter(({ name }) => name === "sAccessToken")).toHaveLength(1);
  });
});
