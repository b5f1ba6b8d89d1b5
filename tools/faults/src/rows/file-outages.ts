import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileBackend } from "../backend.ts";
import { type Instance, startInstance } from "../instance-process.ts";
import { allFine, cells, type FaultRow, readsOnly } from "../row.ts";
import { mountSmall, reasonAgainstMounting } from "../small-disk.ts";
import { doAll, fileOutage, oneEach, recover } from "./outage.ts";

/** F50, F51: the file is locked by another program, full, read-only, gone or emptied. */
export const fileOutages: readonly FaultRow[] = [
  writeLocked(),
  lockedBeforeStart(),
  fullDisk(),
  readOnly(),
  fileOutage({
    id: "F51",
    title: "file moved away",
    stores: ["sqlite"],
    expected: cells("ok", "503", "503", "503", "503", "503"),
    begin: ({ path }) => renameSync(path, `${path}.aside`),
    end: ({ path }) => renameSync(`${path}.aside`, path),
  }),
  fileOutage({
    id: "F51",
    title: "file truncated, and restored",
    stores: ["sqlite"],
    expected: cells("ok", "503", "503", "503", "503", "503"),
    async begin({ path, admin }) {
      await admin("PRAGMA wal_checkpoint(TRUNCATE)");
      copyFileSync(path, `${path}.copy`);
      truncateSync(path);
    },
    end: ({ path }) => copyFileSync(`${path}.copy`, path),
  }),
];

function writeLocked(): FaultRow {
  let holder: Instance | undefined;
  return fileOutage({
    id: "F50",
    title: "a foreign process holds the write lock",
    stores: ["sqlite"],
    expected: readsOnly,
    async begin({ path }) {
      holder = await startInstance();
      await holder.hold(path, "write");
    },
    async end() {
      await holder?.end();
    },
  });
}

/** Such a lock is only to be had while nobody has the file open: the application starts after it, and knows no key. */
function lockedBeforeStart(): FaultRow {
  return {
    id: "F50",
    title: "a foreign process lets nobody even read, at start",
    stores: ["sqlite"],
    expected: cells("503", "503", "503", "503", "503", "503"),
    async run(situation) {
      const own = fileBackend();
      situation.onEnd(() => own.stop());
      const before = await situation.startInstance(own.address());
      const clients = await oneEach(situation, before);
      await before.end();
      const holder = await startInstance();
      await holder.hold(own.path, "everything");
      const app = await situation.serve(own.open());
      const outcomes = await doAll(situation, app, clients);
      await holder.end();
      await recover(situation, app, clients.D);
      for (const [column, outcome] of Object.entries(await doAll(situation, app, clients))) {
        if (outcome !== "ok") situation.complain(`${column} was ${outcome} when the lock was gone`);
      }
      return outcomes;
    },
  };
}

/** A file on a disk of 1 MB that something else has filled. */
function fullDisk(): FaultRow {
  return {
    id: "F51",
    title: "disk full",
    stores: ["sqlite"],
    expected: cells("ok", "ok", "503", "503", "503", "503"),
    reasonAgainst: reasonAgainstMounting,
    async run(situation) {
      const directory = mkdtempSync(join(tmpdir(), "session-full-"));
      const unmount = mountSmall(directory, 1_000_000);
      const small = fileBackend(directory);
      situation.onEnd(() => {
        unmount();
        rmSync(directory, { recursive: true });
      });
      const app = await situation.serve(small.open());
      const clients = await oneEach(situation, app);
      const filler = join(directory, "filler");
      for (let bytes = 1_000_000; bytes >= 512; bytes /= 2) fill(`${filler}-${bytes}`, bytes);
      const outcomes = await doAll(situation, app, clients);
      for (let bytes = 1_000_000; bytes >= 512; bytes /= 2) rmSync(`${filler}-${bytes}`, { force: true });
      for (const [column, outcome] of Object.entries(await doAll(situation, app, clients))) {
        if (outcome !== "ok") situation.complain(`${column} was ${outcome} when there was room again`);
      }
      return outcomes;
    },
  };
}

function fill(path: string, bytes: number): void {
  for (let count = 0; count < 3; count += 1) {
    try {
      writeFileSync(path, Buffer.alloc(bytes), { flag: "a" });
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ENOSPC") throw error;
      return;
    }
  }
}

/**
 * The right to write is taken from a process that has the file open: it goes on, since it may. Root may always, so it is
 * somebody else's process then.
 */
function readOnly(): FaultRow {
  return {
    id: "F51",
    title: "directory and file become read-only",
    stores: ["sqlite"],
    expected: { ...allFine, D: "ok|503", R: "ok|503", C: "ok|503", X: "ok|503", M: "ok|503" },
    async run(situation) {
      const directory = mkdtempSync(join(tmpdir(), "session-read-only-"));
      chmodSync(directory, 0o777);
      const { path, address } = fileBackend(directory);
      const instance = await startInstance(
        process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined,
      );
      situation.onEnd(async () => {
        await instance.end();
        rmSync(directory, { recursive: true });
      });
      await instance.open(address());
      const clients = await oneEach(situation, instance);
      const files = [path, `${path}-wal`, `${path}-shm`, dirname(path)];
      const before = files.map((file) => statSync(file).mode);
      for (const file of files) chmodSync(file, 0o555);
      const outcomes = await doAll(situation, instance, clients);
      for (const [place, file] of files.entries()) chmodSync(file, before[place] ?? 0o777);
      const others = await oneEach(situation, instance);
      for (const [column, outcome] of Object.entries(await doAll(situation, instance, others))) {
        if (outcome !== "ok") situation.complain(`${column} was ${outcome} when writing was allowed again`);
      }
      return outcomes;
    },
  };
}
