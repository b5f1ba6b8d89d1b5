import type { Invoker } from "@acme/lambda-emulator";
import { open } from "@acme/session-conformance";
import { afterEach, describe, expect, it } from "vitest";
import type { LambdaEvent, LambdaSession, Respond } from "../src/index.js";
import { type RunningFunction, runFunction } from "./support/run-function.js";

let app: RunningFunction | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const names = (response: { setCookies: readonly { name: string }[] }) =>
  response.setCookies.map(({ name }) => name).sort();

async function start(
  invoker: Invoker,
  handle: (session: LambdaSession, event: LambdaEvent, respond: Respond) => Promise<unknown>,
): Promise<RunningFunction> {
  app = await runFunction(
    invoker,
    (session) =>
      session.streamHandler((event: LambdaEvent, respond) => handle(session, event, respond)) as never,
    { streams: true },
  );
  return app;
}

const signIn = async (session: LambdaSession, event: LambdaEvent) =>
  session.createNewSession(event, event, "user-1");

describe.each(["function-url", "rest"] as const)("%s", (invoker) => {
  it("AW-13: the head of a stream has our cookies beside the application's, before the first byte", async () => {
    let body: ReturnType<Respond> | undefined;
    const running = await start(invoker, async (session, event, respond) => {
      await signIn(session, event);
      body = respond({ headers: { "content-type": "text/plain", "set-cookie": "own=1" } });
    });
    const stream = await open({
      method: "POST",
      url: `${running.origin}/`,
      headers: { "st-auth-mode": "cookie" },
    });
    expect([stream.head.status, names(stream.head)]).toEqual([200, ["own", "sAccessToken", "sRefreshToken"]]);
    body?.write("one");
    expect(await stream.next()).toBe("one");
    body?.end();
    expect(await stream.next()).toBeUndefined();
  });
});

describe("AW-13", () => {
  it("an error of ours before the first byte is its answer; after it, it is the application's", async () => {
    const running = await start("function-url", async (session, event, respond) => {
      if (event.rawPath === "/late") respond().write("late");
      await session.getSession(event, event);
    });
    const early = await running.client().get("/");
    expect([early.status, early.body]).toEqual([401, '{"message":"unauthorised"}']);
    await expect(running.client().get("/late")).rejects.toThrow();
    expect(running.failures).toMatchObject([{ type: "UNAUTHORISED" }]);
  });

  it("an error of the application's own leaves the handler as the same object", async () => {
    const failure = new Error("an error of the application's own");
    const running = await start("function-url", async () => {
      throw failure;
    });
    expect((await running.client().get("/")).status).toBe(502);
    expect(running.failures[0]).toBe(failure);
  });

  it("endpoints are served, and a handler that does not respond is an empty 200", async () => {
    const running = await start("function-url", async () => {});
    expect((await running.client().get("/auth/jwt/jwks.json")).json).toHaveProperty("keys");
    const empty = await running.client().get("/");
    expect([empty.status, empty.body]).toEqual([200, ""]);
  });

  it("a second head is refused, and so is a change of the session after the first", async () => {
    const errors: unknown[] = [];
    const running = await start("function-url", async (session, event, respond) => {
      const stream = respond();
      for (const late of [() => respond(), () => signIn(session, event)]) {
        try {
          await late();
        } catch (error) {
          errors.push((error as { type?: string }).type);
        }
      }
      stream.end("done");
    });
    expect((await running.client().get("/")).body).toBe("done");
    expect(errors).toEqual(["INVALID_ARGUMENT", "RESPONSE_COMMITTED"]);
    expect(await running.session.getAllSessionHandlesForUser("user-1")).toEqual([]);
  });
});
