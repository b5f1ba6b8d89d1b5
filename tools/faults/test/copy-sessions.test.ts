import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonAgainst } from "@acme/servers";
import { sqliteStore } from "@acme/session-core/sqlite";
import { copySessions, MemoryStore, type SessionStore } from "@acme/session-core/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, startBackend } from "../src/backend.ts";
import { type Client, signedIn } from "../src/client.ts";
import { type App, serve } from "../src/serve.ts";

const missing = (["postgres", "mysql", "redis"] as const)
  .map(reasonAgainst)
  .find((reason) => reason !== undefined);

/** A refresh, and the first use of what it gave. */
async function goOn({ origin }: App, client: Client): Promise<string[]> {
  return [(await client.refresh(origin)).outcome, (await client.verify(origin)).outcome];
}

describe.skipIf(missing !== undefined)(`copySessions (${missing ?? "servers of its own"})`, () => {
  const backends: Backend[] = [];
  const directory = mkdtempSync(join(tmpdir(), "copy-sessions-"));
  beforeAll(async () => {
    for (const kind of ["postgres", "mysql", "redis"] as const) backends.push(await startBackend(kind));
  });
  afterAll(async () => {
    for (const backend of backends) await backend.stop();
    rmSync(directory, { recursive: true });
  });

  it("moves an application from SQLite over PostgreSQL and MySQL to Redis, and nobody is logged out [sec ST-08, R-12]", async () => {
    const stores: SessionStore[] = [
      sqliteStore({ path: join(directory, "sessions.db") }),
      ...backends.map((backend) => backend.open()),
    ];
    const users: Client[] = [];
    const revoked: Client[] = [];
    let app = await serve(stores[0] as SessionStore);
    for (let count = 0; count < 300; count += 1) users.push(await signedIn(app.origin, `user-${count % 7}`));
    for (let move = 1; move < stores.length; move += 1) {
      const [from, to] = [stores[move - 1], stores[move]] as [SessionStore, SessionStore];
      const first = await copySessions(from, to);
      expect(first.inserted).toBe(users.length);
      // The application goes on meanwhile: tokens are used, people come and go.
      for (const user of users.slice(0, 3)) expect(await goOn(app, user)).toEqual(["ok", "ok"]);
      const [gone] = users.splice(10, 1) as [Client];
      await app.session.revokeSession(gone.handle);
      revoked.push(gone);
      const second = await copySessions(from, to, { after: first });
      expect(second).toMatchObject({ inserted: 0, replaced: 3, removed: 1, unchanged: users.length - 3 });
      // Between the last copy and the switch: one more use, one more login.
      expect(await goOn(app, users[3] as Client)).toEqual(["ok", "ok"]);
      users.push(await signedIn(app.origin, "late"));
      const before = app;
      app = await serve(to);
      const third = await copySessions(from, to, { createdSinceMs: second.startedAtMs });
      expect(third).toMatchObject({ inserted: 1, replaced: 0, removed: 0 });
      // Run again by mistake, the copy before the switch touches nothing.
      users.push(await signedIn(app.origin, "after the switch"));
      for (const after of [undefined, first, second]) {
        await expect(copySessions(from, to, { after })).rejects.toThrow("in use already");
      }
      await before.close();
      for (const [index, user] of users.entries()) {
        const first = (await user.verify(app.origin)).outcome;
        expect([index, first, ...(await goOn(app, user))]).toEqual([index, "ok", "ok", "ok"]);
      }
      for (const user of revoked) expect((await user.verifyInStore(app.origin)).outcome).toBe("401");
      expect(app.events).not.toContain("theft");
    }
    await app.close();
  }, 120_000);

  it("mixes no two applications: a target with a secret or keys of its own is refused", async () => {
    const [one, other] = [new MemoryStore(), new MemoryStore()];
    for (const store of [one, other]) {
      const app = await serve(store);
      const { handle } = await signedIn(app.origin, "user");
      // With a session, it would be refused as one that is in use.
      if (store === other) await app.session.revokeSession(handle);
      await app.close();
    }
    await expect(copySessions(one, other)).rejects.toThrow("of its own");
  });
});
