import { invalidOption } from "../errors/throwers.js";
import { emptyMemory, type RevocationMemory } from "./revocation-memory.js";
import type { SessionStore } from "./session-store.js";

/** The instances of one process on one set of data. */
export interface StoreUsers {
  /** What must be the same for all of them. */
  settings: Readonly<Record<string, string>> | undefined;
  instances: number;
  /** What any of them has revoked. */
  readonly revoked: RevocationMemory;
  /** The last instance has been closed. */
  readonly forget: () => void;
}

interface Registry {
  readonly byPlace: Map<string, StoreUsers>;
  /** By store object and namespace, where a store does not tell its place. */
  readonly byStore: WeakMap<SessionStore, Map<string, StoreUsers>>;
  /** What is in use per store object: who lets go of the last one closes it. */
  readonly open: WeakMap<SessionStore, Set<StoreUsers>>;
}

const SLOT = Symbol.for("acme.session.store-users");

/** One for all copies of this package in the process. */
function registry(): Registry {
  const carrier = globalThis as { [SLOT]?: Registry };
  carrier[SLOT] ??= { byPlace: new Map(), byStore: new WeakMap(), open: new WeakMap() };
  return carrier[SLOT];
}

/**
 * @param given the store that the application has made
 * @param used  the same in the namespace
 */
export function usersOf(given: SessionStore, used: SessionStore, namespace = ""): StoreUsers {
  const { byPlace, byStore } = registry();
  const inStore = byStore.get(given) ?? new Map<string, StoreUsers>();
  byStore.set(given, inStore);
  const [list, name] = used.place === undefined ? [inStore, namespace] : [byPlace, used.place];
  const users = list.get(name) ?? {
    settings: undefined,
    instances: 0,
    revoked: emptyMemory(),
    forget: () => list.delete(name),
  };
  list.set(name, users);
  return users;
}

/** An instance's hold on its store. */
export interface StoreUse {
  /** Closes the store, unless an instance in another namespace still works with it. */
  close(): Promise<void>;
}

/**
 * Enters an instance as a user of its store. Instances on the same data take each other's tokens, so those that are
 * not meant to be one application need namespaces: different settings in one namespace are refused.
 *
 * @param given    the store that the application has made
 * @param settings names what must be equal, with its value: `{ "signingAlgorithm": "ES256" }`
 * @throws SessionError `INVALID_OPTION` naming the settings that differ
 */
export function useStore(
  given: SessionStore,
  users: StoreUsers,
  namespace: string | undefined,
  settings: Readonly<Record<string, string>>,
  mayDiffer: boolean,
): StoreUse {
  const others = users.settings ?? settings;
  const different = Object.keys(settings).filter((key) => settings[key] !== others[key]);
  if (different.length > 0 && !mayDiffer) throw conflict(namespace, different);
  users.settings = settings;
  users.instances += 1;
  const { open } = registry();
  const held = open.get(given) ?? new Set();
  open.set(given, held.add(users));
  return {
    async close() {
      users.instances -= 1;
      if (users.instances === 0) users.forget();
      held.delete(users);
      if (held.size === 0) await given.close();
    },
  };
}

function conflict(namespace: string | undefined, different: readonly string[]): Error {
  const where = namespace === undefined ? "no namespace" : `the namespace "${namespace}"`;
  return invalidOption(
    "namespace",
    `two instances in this process work on one store in ${where}, but differ in ${different.join(", ")}; each would take the ` +
      "other's tokens. Give one of them a `namespace` of its own, or the same settings, or close the first one (after a hot reload: restart the process)",
  );
}
