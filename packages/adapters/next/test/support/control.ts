import type { HarnessOptions, Probe, ProbeSnapshot } from "@acme/session-conformance";

export interface Snapshot extends ProbeSnapshot {
  /** How often a layout, a page and its metadata have run. */
  readonly renders: number;
}

/** The control endpoint of one router of the fixture. */
export class Control implements Probe {
  constructor(readonly url: string) {}

  /** @throws Error with the message of `createSession` */
  start(options: HarnessOptions & { isOwnWebsite?: boolean }): Promise<unknown> {
    return this.#order({ do: "start", options });
  }

  async stop(): Promise<void> {
    await this.#order({ do: "stop" });
  }

  async reset(): Promise<void> {
    await this.#order({ do: "reset" });
  }

  async advanceMs(ms: number): Promise<void> {
    await this.#order({ do: "advance", ms });
  }

  async snapshot(): Promise<Snapshot> {
    return (await this.#order({ do: "snapshot" })) as Snapshot;
  }

  async #order(order: object): Promise<unknown> {
    const response = await fetch(this.url, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      body: JSON.stringify(order),
    });
    const body = (await response.json()) as { message?: string };
    if (!response.ok) throw new Error(body.message ?? `${response.status}`);
    return body;
  }
}
