import { invalidOption } from "../errors/throwers.js";
import { isThenable } from "../runtime/aside.js";

/**
 * What a callback has answered that must answer at once. A promise is refused, since nobody waits for it; that it may
 * reject is seen to, or the process would end.
 *
 * @param option the callback's name
 * @throws SessionError `INVALID_OPTION`
 */
export function answeredAtOnce<T>(option: string, answer: T): T {
  if (!isThenable(answer)) return answer;
  Promise.resolve(answer).then(undefined, () => {});
  throw invalidOption(option, "must answer at once: it returned a promise, so do not make it `async`");
}
