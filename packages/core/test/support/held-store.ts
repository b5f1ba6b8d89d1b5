import type { SessionStore } from "../../src/store/session-store.js";

type Operation = Exclude<keyof SessionStore, "name" | "clock" | "close">;

/** A real store whose answers can be kept waiting, as those of a slow network or a process that was stopped. */
export interface HeldStore {
  store: SessionStore;
  /** From now on calls of the operation wait: before they are made, or after, with the answer in hand. */
  hold(operation: Operation, when: "before" | "after"): Promise<void>;
  /** Lets everything that waits go, and what comes later. */
  release(): void;
}

export function heldStore(inner: SessionStore): HeldStore {
  let held:
    | { operation: Operation; when: "before" | "after"; gate: Promise<void>; reached: () => void }
    | undefined;
  let open: () => void = () => {};
  // An empty target: the members of a store may be fixed, and a proxy must not answer differently then.
  const store = new Proxy({} as SessionStore, {
    get(_, name) {
      const member: unknown = Reflect.get(inner, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]): Promise<unknown> => {
        const now = held?.operation === name ? held : undefined;
        if (now?.when === "before") {
          now.reached();
          await now.gate;
        }
        const result: unknown = await Reflect.apply(member, inner, args);
        if (now?.when === "after") {
          now.reached();
          await now.gate;
        }
        return result;
      };
    },
  });
  return {
    store,
    /** Resolves when a call waits. */
    hold(operation, when) {
      return new Promise((reached) => {
        held = {
          operation,
          when,
          reached,
          gate: new Promise((resolve) => {
            open = resolve;
          }),
        };
      });
    },
    release() {
      held = undefined;
      open();
    },
  };
}
