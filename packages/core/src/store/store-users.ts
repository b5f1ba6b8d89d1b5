import { invalidOption } from "../errors/throwers.js";
import type { SessionStore } from "./session-store.js";

/** What the instances of one process do on one set of data. */
interface Users {
  /** Per namespace (`""` for none) what must be the same for all instances in it. */
  readonly settings: Map<string, string>;
}

interface Registry {
  readonly byPlace: Map<string, Users>;
  readonly byStore: WeakMap<SessionStore, Users>;
  /** Namespaces in use per store object: who lets go of the last one closes it. */
  readonly open: WeakMap<SessionStore, Set<string>>;
}

const SLOT = Symbol.for("acme.session.store-users");

/** One for all copies of this package in the process. */
function registry(): Registry {
  const carrier = globalThis as { [SLOT]?: Registry };
  carrier[SLOT] ??= { byPlace: new Map(), byStore: new WeakMap(), open: new WeakMap() };
  return carrier[SLOT];
}

function usersOf(store: SessionStore): Users {
  const { byPlace, byStore } = registry();
  const { place } = store;
  const known = place === undefined ? byStore.get(store) : byPlace.get(place);
  if (known !== undefined) return known;
  const users: Users = { settings: new Map() };
  if (place === undefined) byStore.set(store, users);
  else byPlace.set(place, users);
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
 * @param settings names what must be equal, with its value: `{ "signingAlgorithm": "ES256" }`
 * @throws SessionError `INVALID_OPTION` naming the settings that differ
 */
export function useStore(
  store: SessionStore,
  namespace: string | undefined,
  settings: Readonly<Record<string, string>>,
  mayDiffer: boolean,
): StoreUse {
  const name = namespace ?? "";
  const users = usersOf(store);
  const present = users.settings.get(name);
  if (present !== undefined && !mayDiffer) {
    const others = JSON.parse(present) as Record<string, string>;
    const different = Object.keys(settings).filter((key) => settings[key] !== others[key]);
    if (different.length > 0) throw conflict(namespace, different);
  }
  users.settings.set(name, JSON.stringify(settings));
  const { open } = registry();
  const held = open.get(store) ?? new Set();
  open.set(store, held.add(name));
  return {
    async close() {
      users.settings.delete(name);
      if (users.settings.size === 0 && store.place !== undefined) registry().byPlace.delete(store.place);
      held.delete(name);
      if (held.size === 0) await store.close();
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
