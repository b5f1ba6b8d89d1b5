import type { VerifySessionOptions } from "@acme/session-core";

/** The ways in which JavaScript can say the same options; a copy by `{ ...options }` loses two of them. */
export function optionForms<O extends VerifySessionOptions>(options: O): Readonly<Record<string, O>> {
  const getters = Object.fromEntries(
    Object.keys(options).map((name) => [name, { get: () => options[name as keyof O] }]),
  );
  return {
    getters: Object.create(Object.create(Object.prototype, getters)),
    inherited: Object.create(options),
    "without-a-prototype": Object.assign(Object.create(null), options),
    frozen: Object.freeze({ ...options }),
    proxied: new Proxy({ ...options }, {}),
    // It answers what it is asked, and tells no names.
    "proxied-lazily": new Proxy({} as O, { get: (_, name) => options[name as keyof O] }),
  };
}
