import type { CheckedOptions } from "@acme/session-core/adapter";

type Handler = ReturnType<import("@nestjs/common").ExecutionContext["getHandler"]>;

/** For which calls of one exchange a guard of ours has decided: by route or field, and by handler, as references of a federation share a field. */
export class Guarded {
  #call: object | undefined;
  #handler: Handler | undefined;
  #options: CheckedOptions | undefined;
  /** Behind the first, which for a route is the only one. */
  #others: Map<object, Map<Handler, CheckedOptions | undefined>> | undefined;

  add(call: object, handler: Handler, options: CheckedOptions | undefined): void {
    if (this.#call === undefined || (this.#call === call && this.#handler === handler)) {
      this.#call = call;
      this.#handler = handler;
      this.#options = options;
      return;
    }
    this.#others ??= new Map();
    const handlers = this.#others.get(call);
    if (handlers === undefined) this.#others.set(call, new Map([[handler, options]]));
    else handlers.set(handler, options);
  }

  has(call: object, handler: Handler): boolean {
    if (this.#call === call && this.#handler === handler) return true;
    return this.#others?.get(call)?.has(handler) === true;
  }

  /** Whether the last of them decided by these options: a guard that is global too need not decide again. */
  hasBy(call: object, handler: Handler, options: CheckedOptions): boolean {
    if (this.#call === call && this.#handler === handler) return this.#options === options;
    return this.#others?.get(call)?.get(handler) === options;
  }
}
