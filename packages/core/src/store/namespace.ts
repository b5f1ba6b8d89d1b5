import { invalidOption } from "../errors/throwers.js";
import type { SessionStore } from "./session-store.js";

const NAMESPACE = /^(?!.{21})[a-z](_?[a-z0-9])*$/;

/**
 * Whether this can be the name of a namespace: 1 to 20 of a-z, 0-9 and `_`, a letter first, each `_` alone and between
 * others. It becomes part of names of tables, keys and files, where `__` and `@` tell it from the rest.
 */
export function isNamespace(name: unknown): name is string {
  return typeof name === "string" && NAMESPACE.test(name);
}

/** @throws SessionError `INVALID_OPTION` */
export function checkNamespace(name: unknown): void {
  if (isNamespace(name)) return;
  throw invalidOption("namespace", "takes 1 to 20 of a-z, 0-9 and _ between them, a letter first");
}

const ids = { ofObjects: new WeakMap<object, number>(), ofTexts: new Map<string, number>(), last: 0 };

/**
 * A store's `place`: equal for the same connection (a URL, or the application's own pool or client) and the same names.
 *
 * @param names what the tables or keys begin with
 */
export function placeOf(kind: string, connection: string | object, names: string): string {
  const known = typeof connection === "string" ? ids.ofTexts.get(connection) : ids.ofObjects.get(connection);
  const id = known ?? ++ids.last;
  if (typeof connection === "string") ids.ofTexts.set(connection, id);
  else ids.ofObjects.set(connection, id);
  return `${kind} ${id} ${names}`;
}

/**
 * The store that an instance works with.
 *
 * @throws SessionError `INVALID_OPTION` when the store has no namespaces
 */
export function storeIn(store: SessionStore, namespace: string | undefined): SessionStore {
  if (namespace === undefined) return store;
  if (store.inNamespace !== undefined) return store.inNamespace(namespace);
  throw invalidOption(
    "namespace",
    `the ${store.name} store has no namespaces (\`inNamespace\`); give each instance a store of its own`,
  );
}
