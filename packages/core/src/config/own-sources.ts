import { invalidOption } from "../errors/throwers.js";
import type { Clock } from "../runtime/clock.js";
import type { RandomBytes } from "../runtime/random.js";
import { answeredAtOnce } from "../session/answered-at-once.js";

/** The application's clock; a time that is no number would make every comparison with it false, "expired" among them. Times that are kept are whole. */
export function ownClock(clock: Clock): Clock {
  const checked = (name: keyof Clock): number => {
    const timeMs = answeredAtOnce(`clock.${name}`, clock[name]());
    if (Number.isFinite(timeMs)) return timeMs;
    throw invalidOption(`clock.${name}`, "must return a number of milliseconds");
  };
  return { wallMs: () => Math.floor(checked("wallMs")), monoMs: () => checked("monoMs") };
}

/** The application's source of random bytes; one that gives fewer makes tokens that can be guessed. */
export function ownRandom(random: RandomBytes): RandomBytes {
  return (length) => {
    const bytes = answeredAtOnce("random", random(length));
    if (bytes instanceof Uint8Array && bytes.length === length) return bytes;
    throw invalidOption("random", "must return a Uint8Array of the length it was asked for");
  };
}
