import type { ServerKind } from "@acme/servers";
import type { Backend } from "./backend.ts";
import type { Column } from "./user.ts";

/** One row of the fault matrix (security.md §21). */
export interface Fault {
  readonly id: string;
  readonly title: string;
  /** All, unless it is about one of them. */
  readonly only?: readonly ServerKind[];
  /** Allowed outcomes per column while the fault is there: `"ok"`, `"503"`, `"ok|503"`. */
  readonly expected: Readonly<Record<Column, string>>;
  begin(backend: Backend): Promise<void> | void;
  end(backend: Backend): Promise<void> | void;
}

const row = (V: string, D: string, R: string, C: string, X: string, M: string): Fault["expected"] => ({
  V,
  D,
  R,
  C,
  X,
  M,
});
const allGone = row("ok", "503", "503", "503", "503", "503");
const readsOnly = row("ok", "ok", "503", "503", "503", "503");
const allFine = row("ok", "ok", "ok", "ok", "ok", "ok");

const lockEverything = {
  postgres: "SELECT * FROM acme_sessions FOR UPDATE",
  mysql: "SELECT * FROM acme_sessions FOR UPDATE",
} as const;

export const faults: readonly Fault[] = [
  {
    id: "F01",
    title: "server killed",
    expected: allGone,
    begin: ({ server }) => server.kill(),
    end: ({ server }) => server.restart(),
  },
  {
    id: "F02",
    title: "server frozen",
    expected: allGone,
    begin: ({ server }) => server.freeze(),
    end: ({ server }) => server.thaw(),
  },
  {
    id: "F03",
    title: "network swallows everything",
    expected: allGone,
    begin({ proxy }) {
      proxy.fault = { blackHole: true };
    },
    end({ proxy }) {
      proxy.fault = {};
      proxy.cutAll();
    },
  },
  {
    id: "F05",
    title: "replies come 5 s late",
    expected: allGone,
    begin({ proxy }) {
      proxy.fault = { replyDelayMs: 5_000 };
    },
    end({ proxy }) {
      proxy.fault = {};
    },
  },
  {
    id: "F20",
    title: "every connection ended by the server",
    only: ["postgres"],
    expected: allFine,
    begin: ({ admin }) =>
      admin(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL",
      ),
    end() {},
  },
  {
    id: "F21",
    title: "read-only",
    only: ["postgres"],
    expected: readsOnly,
    begin: ({ admin, proxy }) => {
      proxy.cutAll();
      return admin("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()");
    },
    end: ({ admin }) =>
      admin(
        "SET default_transaction_read_only = off",
        "ALTER SYSTEM RESET default_transaction_read_only",
        "SELECT pg_reload_conf()",
      ),
  },
  {
    id: "F23",
    title: "every fifth write is a serialization failure",
    only: ["postgres"],
    expected: allFine,
    begin: ({ admin }) =>
      admin(
        `CREATE OR REPLACE FUNCTION fail_often() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF random() < 0.2 THEN RAISE EXCEPTION 'forced' USING ERRCODE = '40001'; END IF;
           RETURN coalesce(NEW, OLD); END $$`,
        `CREATE TRIGGER fail_often BEFORE INSERT OR UPDATE OR DELETE ON acme_sessions
           FOR EACH ROW EXECUTE FUNCTION fail_often()`,
      ),
    end: ({ admin }) => admin("DROP TRIGGER fail_often ON acme_sessions"),
  },
  holdingLocks("F24", "postgres"),
  holdingLocks("F30", "mysql"),
  {
    id: "F32",
    title: "read_only = 1",
    only: ["mysql"],
    expected: readsOnly,
    begin: ({ admin }) => admin("SET GLOBAL read_only = 1"),
    end: ({ admin }) => admin("SET GLOBAL read_only = 0"),
  },
  {
    id: "F40",
    title: "CLIENT PAUSE",
    only: ["redis"],
    expected: allGone,
    begin: ({ admin }) => admin("CLIENT PAUSE 4500"),
    end() {},
  },
  {
    id: "F41",
    title: "REPLICAOF: has become a replica",
    only: ["redis"],
    expected: allGone,
    begin: ({ admin }) => admin("REPLICAOF 127.0.0.1 1"),
    end: ({ admin }) => admin("REPLICAOF NO ONE"),
  },
  {
    id: "F43",
    title: "SCRIPT FLUSH",
    only: ["redis"],
    expected: allFine,
    begin: ({ admin }) => admin("SCRIPT FLUSH"),
    end() {},
  },
  {
    id: "F44",
    title: "memory full, noeviction",
    only: ["redis"],
    expected: row("ok", "ok", "503", "503", "ok", "503"),
    begin: ({ admin }) => admin("CONFIG SET maxmemory 1"),
    end: ({ admin }) => admin("CONFIG SET maxmemory 0"),
  },
];

/** A foreign transaction that holds every row there is. It is begun and let go of by the same connection. */
function holdingLocks(id: string, kind: "postgres" | "mysql"): Fault {
  let release: (() => Promise<void>) | undefined;
  return {
    id,
    title: "all rows locked by a foreign transaction",
    only: [kind],
    // MySQL's gap locks may stop an insert beside a locked row.
    expected: row("ok", "ok", "503", kind === "mysql" ? "ok|503" : "ok", "503", "503"),
    async begin({ server }) {
      if (kind === "postgres") {
        const { default: pg } = await import("pg");
        const client = new pg.Client({ connectionString: server.url });
        await client.connect();
        await client.query("BEGIN");
        await client.query(lockEverything.postgres);
        release = () => client.end();
      } else {
        const { createConnection } = await import("mysql2/promise");
        const connection = await createConnection({ uri: server.url });
        await connection.beginTransaction();
        await connection.query(lockEverything.mysql);
        release = () => connection.end();
      }
    },
    async end() {
      await release?.();
    },
  };
}
