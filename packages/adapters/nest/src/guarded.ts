type Handler = ReturnType<import("@nestjs/common").ExecutionContext["getHandler"]>;

/** For which calls of one exchange a guard of ours has decided: by route or field, and by handler, as references of a federation share a field. */
export class Guarded {
  readonly #handlers = new Map<object, Set<Handler>>();

  add(call: object, handler: Handler): void {
    const handlers = this.#handlers.get(call);
    if (handlers === undefined) this.#handlers.set(call, new Set([handler]));
    else handlers.add(handler);
  }

  has(call: object, handler: Handler): boolean {
    return this.#handlers.get(call)?.has(handler) === true;
  }
}
