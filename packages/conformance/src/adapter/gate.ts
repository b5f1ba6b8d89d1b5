/** Where a handler and a client meet: the handler waits until it is let through, the client can wait for the handler. */
export class Gate {
  #waiting: (() => void)[] = [];
  #arrivals: (() => void)[] = [];

  /** For the handler: resolves when the client lets it through. */
  pass(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      for (const arrived of this.#arrivals.splice(0)) arrived();
    });
  }

  /** For the client: resolves as soon as a handler waits. */
  async arrival(): Promise<void> {
    if (this.#waiting.length === 0) await new Promise<void>((resolve) => this.#arrivals.push(resolve));
  }

  /** For the client: waits for a handler and lets it through. */
  async open(): Promise<void> {
    await this.arrival();
    this.#waiting.shift()?.();
  }
}
