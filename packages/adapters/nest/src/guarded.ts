type Handler = ReturnType<import("@nestjs/common").ExecutionContext["getHandler"]>;

/** For which calls of one exchange a guard of ours has decided: by route or field, and by handler, as references of a federation share a field. */
export class Guarded {
  #call: object | undefined;
  #handler: Handler | undefined;
  /** Behind the first, which for a route is the only one. */
  #others: Map<object, Set<Handler>> | undefined;

  add(call: object, handler: Handler): void {
    if (this.#call === undefined) {
      this.#call = call;
      this.#handler = handler;
      return;
    }
    this.#others ??= new Map();
    const handlers = this.#others.get(call);
    if (handlers === undefined) this.#others.set(call, new Set([handler]));
    else handlers.add(handler);
  }

  has(call: object, handler: Handler): boolean {
    if (this.#call === call && this.#handler === handler) return true;
    return this.#others?.get(call)?.has(handler) === true;
  }
}
