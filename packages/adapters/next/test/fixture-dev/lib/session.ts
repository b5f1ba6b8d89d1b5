import { createSession, MemoryStore, type NextSession } from "@acme/session-next";

/** The test writes another number here. */
export const generation = 1;

/** Another one each time that this module is loaded, and the instances are made anew. */
export const loaded = `${generation} ${crypto.randomUUID()}`;

const shared = globalThis as { devStore?: MemoryStore };
shared.devStore ??= new MemoryStore();

const appInfo = {
  appName: "dev",
  apiDomain: "http://localhost:3000",
  websiteDomain: "http://localhost:3000",
};
const instances: Record<string, NextSession> = {
  // The default: an SQLite file, which every bundle opens for itself.
  file: createSession({ appInfo: { ...appInfo, apiBasePath: "/file/auth" } }),
  memory: createSession({ store: shared.devStore, appInfo: { ...appInfo, apiBasePath: "/memory/auth" } }),
};

export function sessionOf(kind: unknown): NextSession {
  const found = instances[String(kind)];
  if (found === undefined) throw new Error(`no instance ${kind}`);
  return found;
}
