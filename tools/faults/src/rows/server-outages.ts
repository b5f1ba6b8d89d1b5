import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import type { ServerBackend } from "../backend.ts";
import { allFine, allGone, cells, type FaultRow, readsOnly } from "../row.ts";
import { mountSmall, reasonAgainstMounting } from "../small-disk.ts";
import { serverOutage } from "./outage.ts";

const servers = ["postgres", "mysql", "redis"] as const;

/** F01–F05, F20–F26, F30, F32, F40–F44: the server, or the way to it, is broken for a while. */
export const serverOutages: readonly FaultRow[] = [
  serverOutage({
    id: "F01",
    title: "server killed and restarted",
    stores: servers,
    expected: allGone,
    begin: ({ server }) => server.kill(),
    end: ({ server }) => server.restart(),
  }),
  serverOutage({
    id: "F02",
    title: "server frozen",
    stores: servers,
    expected: allGone,
    isSlow: true,
    begin: ({ server }) => server.freeze(),
    end: ({ server }) => server.thaw(),
  }),
  serverOutage({
    id: "F03",
    title: "network swallows everything",
    stores: servers,
    expected: allGone,
    begin({ proxy }) {
      proxy.fault = { blackHole: true };
    },
    end({ proxy }) {
      proxy.fault = {};
      proxy.cutAll();
    },
  }),
  serverOutage({
    id: "F05",
    title: "replies come 5 s late",
    stores: servers,
    expected: allGone,
    isSlow: true,
    begin({ proxy }) {
      proxy.fault = { replyDelayMs: 5_000 };
    },
    end({ proxy }) {
      proxy.fault = {};
    },
  }),
  serverOutage({
    id: "F20",
    title: "every connection ended by the server",
    stores: ["postgres"],
    expected: allFine,
    begin: ({ admin }) =>
      admin(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL",
      ),
    end() {},
  }),
  serverOutage({
    id: "F21",
    title: "read-only",
    stores: ["postgres"],
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
  }),
  takingEveryConnection(),
  serverOutage({
    id: "F23",
    title: "every fifth write is a serialization failure",
    stores: ["postgres"],
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
  }),
  holdingLocks("F24", "postgres"),
  fullDisk(),
  serverOutage({
    id: "F30",
    title: "every fifth write is a deadlock (1213)",
    stores: ["mysql"],
    expected: allFine,
    begin: ({ admin }) =>
      admin(
        ...["INSERT", "UPDATE", "DELETE"].map(
          (what) => `CREATE TRIGGER deadlock_${what} BEFORE ${what} ON acme_sessions FOR EACH ROW
            IF RAND() < 0.2 THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'forced'; END IF`,
        ),
      ),
    end: ({ admin }) =>
      admin(...["INSERT", "UPDATE", "DELETE"].map((what) => `DROP TRIGGER deadlock_${what}`)),
  }),
  holdingLocksBriefly(),
  holdingLocks("F30", "mysql"),
  serverOutage({
    id: "F32",
    title: "read_only = 1",
    stores: ["mysql"],
    expected: readsOnly,
    begin: ({ admin }) => admin("SET GLOBAL read_only = 1"),
    end: ({ admin }) => admin("SET GLOBAL read_only = 0"),
  }),
  serverOutage({
    id: "F40",
    title: "CLIENT PAUSE",
    stores: ["redis"],
    expected: allGone,
    begin: ({ admin }) => admin("CLIENT PAUSE 4500"),
    end() {},
  }),
  serverOutage({
    id: "F41",
    title: "REPLICAOF: has become a replica",
    stores: ["redis"],
    expected: allGone,
    begin: ({ admin }) => admin("REPLICAOF 127.0.0.1 1"),
    end: ({ admin }) => admin("REPLICAOF NO ONE"),
  }),
  serverOutage({
    id: "F43",
    title: "SCRIPT FLUSH",
    stores: ["redis"],
    expected: allFine,
    begin: ({ admin }) => admin("SCRIPT FLUSH"),
    end() {},
  }),
  serverOutage({
    id: "F44",
    title: "memory full, noeviction",
    stores: ["redis"],
    expected: cells("ok", "ok", "503", "503", "ok", "503"),
    begin: ({ admin }) => admin("CONFIG SET maxmemory 1"),
    end: ({ admin }) => admin("CONFIG SET maxmemory 0"),
  }),
];

async function lockEveryRow({ kind, server }: ServerBackend): Promise<() => Promise<void>> {
  const lock = "SELECT * FROM acme_sessions FOR UPDATE";
  if (kind === "postgres") {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query("BEGIN");
    await client.query(lock);
    return () => client.end();
  }
  const connection = await createConnection({ uri: server.url });
  await connection.beginTransaction();
  await connection.query(lock);
  return () => connection.end();
}

/** A foreign transaction that holds every row there is. */
function holdingLocks(id: string, kind: "postgres" | "mysql"): FaultRow {
  let release: (() => Promise<void>) | undefined;
  return serverOutage({
    id,
    title: "all rows locked by a foreign transaction",
    stores: [kind],
    // MySQL's gap locks may stop an insert beside a locked row.
    expected: cells("ok", "ok", "503", kind === "mysql" ? "ok|503" : "ok", "503", "503"),
    async begin(backend) {
      release = await lockEveryRow(backend);
    },
    async end() {
      await release?.();
    },
  });
}

/** Longer than one wait for a lock (error 1205), shorter than the budget of an operation: the second try succeeds. */
function holdingLocksBriefly(): FaultRow {
  let released: Promise<void> | undefined;
  return serverOutage({
    id: "F30",
    title: "all rows locked for 1.3 s (1205)",
    stores: ["mysql"],
    expected: allFine,
    async begin(backend) {
      const release = await lockEveryRow(backend);
      released = new Promise((resolve) => setTimeout(resolve, 1_300)).then(release);
    },
    async end() {
      await released;
    },
  });
}

/** Others have every connection that the server gives. */
function takingEveryConnection(): FaultRow {
  const others: pg.Client[] = [];
  return serverOutage({
    id: "F22",
    title: "max_connections exhausted by others",
    stores: ["postgres"],
    expected: allGone,
    async begin({ server, proxy }) {
      proxy.cutAll();
      for (;;) {
        const client = new pg.Client({ connectionString: server.url });
        client.on("error", () => {});
        try {
          await client.connect();
        } catch (error) {
          if ((error as { code?: unknown }).code === "53300") return;
          throw error;
        }
        others.push(client);
      }
    },
    async end() {
      await Promise.all(others.splice(0).map((client) => client.end()));
    },
  });
}

/** The sessions stand on a disk of 500 kB, and others fill it to the last byte. A deletion needs no room, and makes some in its
 * page for an update or two. */
function fullDisk(): FaultRow {
  let release: (() => void) | undefined;
  const outage = serverOutage({
    id: "F26",
    title: "disk full",
    stores: ["postgres"],
    expected: cells("ok", "ok", "ok|503", "503", "ok|503", "ok|503"),
    reasonAgainst: reasonAgainstMounting,
    async begin({ server, admin }, situation) {
      const directory = mkdtempSync(join(tmpdir(), "session-full-"));
      const unmount = mountSmall(directory, 500_000);
      const place = join(directory, "tablespace");
      mkdirSync(place, { mode: 0o777 });
      const { uid, gid } = statSync(server.directory);
      chownSync(place, uid, gid);
      const reserve = join(directory, "reserve");
      writeFileSync(reserve, Buffer.alloc(200_000));
      situation.onEnd(async () => {
        await admin(
          "DELETE FROM acme_sessions WHERE handle LIKE 'filler-%'",
          "ALTER TABLE acme_sessions SET TABLESPACE pg_default",
          "DROP TABLESPACE small",
        );
        unmount();
        rmSync(directory, { recursive: true });
      });
      await admin(
        `CREATE TABLESPACE small LOCATION '${place}'`,
        "ALTER TABLE acme_sessions SET (autovacuum_enabled = off)",
        "ALTER TABLE acme_sessions SET TABLESPACE small",
      );
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await fill(client);
      await client.end();
      release = () => rmSync(reserve);
    },
    end: () => release?.(),
  });
  return {
    ...outage,
    async run(situation) {
      // The sessions of the rows before it would not fit.
      const { backend } = situation;
      if ("admin" in backend) await backend.admin(EMPTY_THE_TABLE);
      return outage.run(situation);
    },
  };
}

const EMPTY_THE_TABLE = `DO $$ BEGIN
  IF to_regclass('acme_sessions') IS NOT NULL THEN TRUNCATE acme_sessions; END IF;
END $$`;

/** With rows smaller than any that users have, so that no page keeps room for one; one by one, since what a failed
 * statement has written could be written over. */
async function fill(client: pg.Client): Promise<void> {
  await client.query("SET synchronous_commit = off");
  for (let count = 0; ; count += 1) {
    try {
      await client.query(
        `INSERT INTO acme_sessions SELECT (jsonb_populate_record(s, jsonb_build_object(
           'handle', $1::text, 'access_token_payload_json', '{}', 'refresh_token_hash2', '', 'secret_id', '',
           'previous_refresh_token_hash2', null, 'user_id', 'filler'))).* FROM acme_sessions s LIMIT 1`,
        [`filler-${count}`],
      );
    } catch (error) {
      if ((error as { code?: unknown }).code === "53100") return;
      throw error;
    }
  }
}
