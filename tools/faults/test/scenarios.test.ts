import { reasonAgainst, type ServerKind } from "@acme/servers";
import type { Clock } from "@acme/session-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, startBackend } from "../src/backend.ts";
import { type App, actions, outcomeOf, refresh, signIn, startApp, type User, use } from "../src/user.ts";

describe.each(["postgres", "mysql", "redis"] as const satisfies ServerKind[])("%s", (kind) => {
  const missing = reasonAgainst(kind);

  describe.skipIf(missing !== undefined)(`one fault at a time (${missing ?? "a server of its own"})`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await startBackend(kind);
    });
    afterAll(() => backend.stop());

    async function withApp<T>(step: (app: App) => Promise<T>, open = () => backend.open()): Promise<T> {
      const app = startApp(open());
      try {
        return await step(app);
      } finally {
        await app.session.close();
      }
    }

    it("F04 the reply to each thing a user does is lost: it is done once, and the user hears of nothing [sec ST-04]", () =>
      withApp(async (app) => {
        for (const column of ["D", "R", "C", "X", "M"] as const) {
          const user = await refresh(app, await signIn(app, `f04-${column}`));
          const before = (await app.session.getAllSessionHandlesForUser("user-2")).length;
          backend.proxy.replies = 0;
          backend.proxy.fault = { cutReplyEvery: 1 };
          const running = outcomeOf(actions[column](app, user));
          while (backend.proxy.replies === 0) await new Promise((resolve) => setImmediate(resolve));
          backend.proxy.fault = {};
          expect([column, await running]).toEqual([column, "ok"]);
          const after = (await app.session.getAllSessionHandlesForUser("user-2")).length;
          expect(after - before).toBe(column === "C" ? 1 : 0);
        }
        expect(app.events).not.toContain("theft");
      }));

    it("F06 one reply in fifty resets the connection: 300 things succeed [sec ST-03, ST-04]", () =>
      withApp(async (app) => {
        backend.proxy.replies = 0;
        backend.proxy.fault = { cutReplyEvery: 50, replyDelayMs: 1 };
        const users = await Promise.all(Array.from({ length: 20 }, () => signIn(app)));
        for (let round = 0; round < 5; round += 1) {
          const outcomes = await Promise.all(
            users.map((user, index) =>
              outcomeOf(
                (async () => {
                  const next = await refresh(app, user);
                  users[index] = await use(app, next);
                  await actions.M(app, user);
                })(),
              ),
            ),
          );
          expect(new Set(outcomes)).toEqual(new Set(["ok"]));
        }
        backend.proxy.fault = {};
        expect(app.events).not.toContain("theft");
      }));

    it("F07 50 users refresh at once over a single connection [sec ST-05]", () =>
      withApp(
        async (app) => {
          const users: User[] = [];
          for (let count = 0; count < 50; count += 1) users.push(await refresh(app, await signIn(app)));
          const outcomes = await Promise.all(users.map((user) => outcomeOf(refresh(app, user))));
          expect(outcomes).toEqual(users.map(() => "ok"));
        },
        () => backend.open(1),
      ));

    it("F10, F11 a row that was put back one generation goes on, one put back further is an honest 401 [sec R-12]", () =>
      withApp(async (app) => {
        const raw = backend.open();
        for (const back of [1, 2] as const) {
          let user = await signIn(app);
          const old = await raw.getSession(user.handle, Date.now());
          for (let count = 0; count < back; count += 1) user = await use(app, await refresh(app, user));
          if (old === undefined) throw new Error("there is no row");
          await raw.deleteSessions([user.handle], Date.now());
          await raw.insertSession(old);
          expect(await outcomeOf(refresh(app, user))).toBe(back === 1 ? "ok" : "401");
        }
        expect(app.events).toContain("store_regression");
        expect(app.events).not.toContain("theft");
        await raw.close();
      }));

    it("F12 two machines whose clocks are 90 s apart agree on the grace of a token that was just replaced [sec TM-01]", async () => {
      const shifted = (byMs: number): Clock => ({
        wallMs: () => Date.now() + byMs,
        monoMs: () => performance.now(),
      });
      const ahead = startApp(backend.open(), shifted(90_000));
      const behind = startApp(backend.open(), shifted(-90_000));
      for (const [first, second] of [
        [ahead, behind],
        [behind, ahead],
      ] as const) {
        const user = await signIn(first);
        await use(first, await refresh(first, user));
        expect(await outcomeOf(refresh(second, user))).toBe("ok");
        expect(second.events).toContain("grace_hit");
        expect(second.events).not.toContain("theft");
      }
      await ahead.session.close();
      await behind.session.close();
    });

    it("F60, F61 without the key table a fresh process answers 503 and a running one verifies [sec K-06]", async () => {
      const running = startApp(backend.open());
      const user = await signIn(running);
      const fresh = startApp(backend.open());
      backend.proxy.fault = { refuse: true };
      backend.proxy.cutAll();
      expect(await outcomeOf(actions.V(fresh, user))).toBe("503");
      expect(await outcomeOf(actions.V(running, user))).toBe("ok");
      backend.proxy.fault = {};
      // The table is asked again once a second at most (K-05).
      await expect.poll(() => outcomeOf(actions.V(fresh, user)), { timeout: 5_000 }).toBe("ok");
      await fresh.session.close();
      await running.session.close();
    });
  });
});
