import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonAgainst } from "@acme/servers";
import { sqliteStore } from "@acme/session-core/sqlite";
import { copySessions, MemoryStore, type SessionStore } from "@acme/session-core/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, startBackend } from "../src/backend.ts";
import { actions, outcomeOf, refresh, signIn, startApp, type User, use } from "../src/user.ts";

const missing = (["postgres", "mysql", "redis"] as const)
  .map(reasonAgainst)
  .find((reason) => reason !== undefined);

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
    const users: User[] = [];
    const revoked: User[] = [];
    let app = startApp(stores[0] as SessionStore);
    for (let count = 0; count < 300; count += 1) users.push(await signIn(app, `user-${count % 7}`));
    for (let move = 1; move < stores.length; move += 1) {
      const [from, to] = [stores[move - 1], stores[move]] as [SessionStore, SessionStore];
      const first = await copySessions(from, to);
      expect(first.inserted).toBe(users.length);
      // The application goes on meanwhile: tokens are used, people come and go.
      for (const index of [0, 1, 2]) users[index] = await use(app, await refresh(app, users[index] as User));
      const [gone] = users.splice(10, 1) as [User];
      await app.session.revokeSession(gone.handle);
      revoked.push(gone);
      const second = await copySessions(from, to);
      expect(second).toMatchObject({ inserted: 0, replaced: 3, removed: 1, unchanged: users.length - 3 });
      // Between the last copy and the switch: one more use, one more login.
      users[3] = await use(app, await refresh(app, users[3] as User));
      users.push(await signIn(app, "late"));
      const before = app;
      app = startApp(to);
      const third = await copySessions(from, to, { createdSinceMs: second.startedAtMs });
      expect(third).toMatchObject({ inserted: 1, replaced: 0, removed: 0 });
      await before.session.close();
      for (const [index, user] of users.entries()) {
        expect([index, await outcomeOf(actions.V(app, user))]).toEqual([index, "ok"]);
        users[index] = await use(app, await refresh(app, user));
      }
      for (const user of revoked) expect(await outcomeOf(actions.D(app, user))).toBe("401");
      expect(app.events).not.toContain("theft");
    }
    await app.session.close();
  });

  it("mixes no two applications: a target with a secret or keys of its own is refused", async () => {
    const [one, other] = [new MemoryStore(), new MemoryStore()];
    for (const store of [one, other]) await signIn(startApp(store));
    await expect(copySessions(one, other)).rejects.toThrow("of its own");
  });
});
