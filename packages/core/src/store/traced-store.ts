import { SessionError } from "../errors/session-error.js";
import { nameOfError } from "../runtime/printable.js";
import type { SessionStore } from "./session-store.js";

/** Every operation of a store as one line: which, what came of it, how long it took. Only with option `debug`. */
export function tracedStore(
  store: SessionStore,
  trace: (line: string) => void,
  monoMs: () => number,
): SessionStore {
  return new Proxy(store, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name);
      // Answers at once, and is no operation.
      if (typeof member !== "function") return member;
      if (name === "joined") return member.bind(target);
      return async (...given: unknown[]): Promise<unknown> => {
        const sinceMs = monoMs();
        const say = (outcome: string): void =>
          trace(`store ${String(name)}: ${outcome} (${Math.round(monoMs() - sinceMs)} ms)`);
        try {
          const result: unknown = await Reflect.apply(member, target, given);
          say(outcomeOf(result));
          return result;
        } catch (error) {
          say(SessionError.is(error) ? `${error.type}, ${error.message}` : nameOfError(error));
          throw error;
        }
      };
    },
  });
}

/** How much there was, never what. */
function outcomeOf(result: unknown): string {
  if (result === undefined) return "nothing";
  if (Array.isArray(result)) return `${result.length}`;
  return typeof result === "object" ? "found" : String(result);
}
