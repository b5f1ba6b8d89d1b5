import assert from "node:assert/strict";
import type { SessionStore } from "@acme/session-core/store";
import { HOUR_MS, NOW_MS, sampleKey, sampleSession } from "./samples.js";
import type { StoreCase } from "./store-case.js";

/**
 * Neighbours in every way a name can be put together with others: one begins or ends with the other, one is long, one is
 * how a table or key is called or begins, so that with another it makes a third (`user` and `roles`, `user_roles`).
 */
const NAMES = ["a", "a_b", "aa", "b", "user", "a_user", "role", "session", "sessions", "x".repeat(10)];

/** The store itself, then each namespace: all must be strangers to each other. */
function viewsOf(store: SessionStore): SessionStore[] {
  return [store, ...NAMES.map((name) => inNamespace(store, name))];
}

function inNamespace(store: SessionStore, name: string): SessionStore {
  const view = store.inNamespace?.(name);
  assert.ok(view, "the store has no `inNamespace`");
  return view;
}

export const namespaceCases: readonly StoreCase[] = [
  {
    id: "namespace-sessions",
    rows: [],
    needs: "namespaces",
    title:
      "a session of one namespace is not found, listed, changed or deleted from another or from the store itself",
    async run({ store }) {
      const views = viewsOf(store);
      for (const [index, view] of views.entries()) {
        await view.insertSession(sampleSession({ sessionDataJson: `{"n":${index}}` }));
      }
      for (const [index, view] of views.entries()) {
        const { handle } = sampleSession();
        assert.equal((await view.getSession(handle, NOW_MS))?.sessionDataJson, `{"n":${index}}`);
        assert.deepEqual(await view.listSessionHandles("user-1", undefined, NOW_MS), [handle]);
        if (view.scanSessions !== undefined) {
          assert.deepEqual(
            (await view.scanSessions(undefined, 10)).rows.map((row) => row.sessionDataJson),
            [`{"n":${index}}`],
          );
        }
        assert.deepEqual(
          index % 2 === 0
            ? await view.deleteSessions([handle], NOW_MS)
            : await view.deleteSessionsOfUser("user-1", undefined, NOW_MS),
          [handle],
        );
        for (const [later, other] of views.entries()) {
          assert.equal(
            (await other.getSession(handle, NOW_MS)) !== undefined,
            later > index,
            `view ${later}`,
          );
        }
      }
    },
  },
  {
    id: "namespace-clean-up",
    rows: [],
    needs: "namespaces",
    title: "what has expired in one namespace is deleted there and nowhere else",
    async run({ store }) {
      const views = viewsOf(store);
      const expired = { expiresAtMs: NOW_MS - HOUR_MS };
      for (const view of views) await view.insertSession(sampleSession(expired));
      for (const view of views) {
        // A store that forgets by itself has nothing left to delete.
        if (view.scanSessions === undefined) return;
        const before = (await view.scanSessions(undefined, 10)).rows.length;
        assert.equal(await view.deleteExpiredSessions(NOW_MS, 100), before);
      }
    },
  },
  {
    id: "namespace-keys",
    rows: [],
    needs: "namespaces",
    title: "signing keys and secrets of one namespace are unknown in another: each has its own first ones",
    async run({ store }) {
      const views = viewsOf(store);
      for (const [index, view] of views.entries()) {
        assert.deepEqual(await view.listSigningKeys(), []);
        assert.deepEqual(await view.listSecrets(), []);
        assert.equal(await view.insertSigningKey(sampleKey({ kid: `d-${index}` })), true);
        const secret = { id: `secret-${index}`, secret: "c2VjcmV0" };
        assert.deepEqual(await view.listSecrets(secret), [secret]);
      }
      for (const [index, view] of views.entries()) {
        assert.deepEqual(
          (await view.listSigningKeys()).map(({ kid }) => kid),
          [`d-${index}`],
        );
        await view.deleteSigningKeys(views.map((_, other) => `d-${other}`).slice(0, index + 1));
        assert.deepEqual(await view.listSigningKeys(), []);
        assert.deepEqual(
          (await view.listSecrets()).map(({ id }) => id),
          [`secret-${index}`],
        );
      }
    },
  },
  {
    id: "namespace-roles",
    rows: [],
    needs: "namespaces",
    title: "roles, permissions and who has them are one namespace's own, where the store keeps roles",
    async run({ store }) {
      const views = viewsOf(store);
      if (views.every(({ roles }) => roles === undefined)) return;
      for (const [index, { roles }] of views.entries()) {
        assert.ok(roles, "some views have roles and some have none");
        assert.equal(await roles.grantPermissions("admin", [`p${index}`]), true);
        assert.equal(await roles.assignRole("public", `user-${index}`, "admin"), "assigned");
      }
      for (const [index, { roles }] of views.entries()) {
        assert.deepEqual(await roles?.listPermissions("admin"), [`p${index}`]);
        assert.deepEqual(await roles?.listUsersWithRole("public", "admin", { limit: 10 }), [`user-${index}`]);
        assert.equal(await roles?.deleteRole("admin"), true);
      }
    },
  },
  {
    id: "namespace-refused",
    rows: [],
    needs: "namespaces",
    title: "a name that differs only in its case, or in a sign, is refused or is another namespace",
    async run({ store }) {
      const row = sampleSession();
      const views = ["a", "a_b"].map((name) => inNamespace(store, name));
      for (const view of [store, ...views]) await view.insertSession(row);
      for (const name of ["A", "A_B", "a_", "_a", "a__b", "a:b", "a.b", "a-b", "a@b", 'a"b', "a`b", "a "]) {
        let other: SessionStore | undefined;
        try {
          other = store.inNamespace?.(name);
        } catch (error) {
          assert.equal((error as { type?: unknown }).type, "INVALID_OPTION", name);
        }
        assert.equal(await other?.getSession(row.handle, NOW_MS), undefined, name);
      }
      for (const view of views) await view.deleteSessions([row.handle], NOW_MS);
    },
  },
  {
    id: "namespace-same-data",
    rows: [],
    needs: "namespaces",
    title: "a name always means the same data, in this instance and in another",
    async run({ store, second }) {
      const row = sampleSession();
      await inNamespace(store, "a").insertSession(row);
      assert.deepEqual(await inNamespace(store, "a").getSession(row.handle, NOW_MS), row);
      if (second !== store)
        assert.deepEqual(await inNamespace(second, "a").getSession(row.handle, NOW_MS), row);
      assert.equal(inNamespace(store, "a").name, store.name);
    },
  },
];
