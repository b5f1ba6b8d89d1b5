// The application as a process of its own. Takes commands as lines of JSON, prints answers and security events so.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import type { SessionStore } from "@acme/session-core/store";
import { loadDriver, openStore, type StoreAddress } from "./open-store.ts";
import { type App, type AppOptions, serve } from "./serve.ts";

export type InstanceOptions = Omit<AppOptions, "clock" | "onEvent">;

export type Command =
  | { do: "open"; address: StoreAddress; options?: InstanceOptions | undefined }
  | { do: "hit"; point: number; signal: NodeJS.Signals }
  | { do: "hold"; path: string; lock: "write" | "everything" };

export type Said = { origin: string } | { done: true } | { error: string } | { event: string };

let app: App | undefined;
let hit: { point: number; signal: NodeJS.Signals } | undefined;

/** One of the points at which a process can die or be stopped: before and after each call to the store. */
function pass(): void {
  if (hit === undefined) return;
  hit.point -= 1;
  if (hit.point > 0) return;
  const { signal } = hit;
  hit = undefined;
  process.kill(process.pid, signal);
}

function hittable(store: SessionStore): SessionStore {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      // These two do not go to the database, and answer at once.
      if (name === "joined") return member.bind(target);
      if (name === "inNamespace")
        return (...args: unknown[]) => hittable(Reflect.apply(member, target, args));
      return async (...args: unknown[]) => {
        pass();
        const result: unknown = await Reflect.apply(member, target, args);
        pass();
        return result;
      };
    },
  });
}

async function obey(command: Command): Promise<Said> {
  switch (command.do) {
    case "open": {
      await app?.close();
      await loadDriver(command.address.kind);
      app = await serve(hittable(openStore(command.address)), {
        ...command.options,
        onEvent: ({ type }) => say({ event: type }),
      });
      return { origin: app.origin };
    }
    case "hit":
      hit = { point: command.point, signal: command.signal };
      return { done: true };
    case "hold": {
      const database = new DatabaseSync(command.path);
      if (command.lock === "everything") database.exec("PRAGMA locking_mode = EXCLUSIVE");
      database.exec("BEGIN EXCLUSIVE");
      held.push(database);
      return { done: true };
    }
  }
}

/** As long as the process lives. */
const held: DatabaseSync[] = [];

/** At once: a killed process has no time to flush. */
function say(said: Said): void {
  writeSync(1, `${JSON.stringify(said)}\n`);
}

createInterface({ input: process.stdin }).on("line", (line) => {
  obey(JSON.parse(line) as Command).then(say, (error: unknown) =>
    say({ error: error instanceof Error ? error.message : String(error) }),
  );
});
// The parent is gone.
process.stdin.once("end", () => process.exit());
