import type { SessionStore } from "@acme/session-core/store";
import type { Backend } from "./backend.ts";
import { type Client, refreshed, signedIn } from "./client.ts";
import { type Instance, startInstance } from "./instance-process.ts";
import type { Lengths } from "./lengths.ts";
import type { StoreAddress } from "./open-store.ts";
import { type App, type AppOptions, serve } from "./serve.ts";

/** No two rows share a user: what one leaves behind is nothing to the next. */
let users = 0;

/** What a row works with. All that it starts is ended after it, and nobody may have been called a thief meanwhile. */
export class Situation<B extends Backend = Backend> {
  readonly backend: B;
  readonly lengths: Lengths;
  readonly complaints: string[] = [];
  /** What was measured, for the report. */
  readonly notes: string[] = [];
  readonly #ends: (() => Promise<void> | void)[] = [];
  readonly #apps: App[] = [];
  readonly #instances: Instance[] = [];
  readonly #clients: Client[] = [];

  constructor(backend: B, lengths: Lengths) {
    this.backend = backend;
    this.lengths = lengths;
  }

  complain(text: string): void {
    if (!this.complaints.includes(text)) this.complaints.push(text);
  }

  /** The application in this process. */
  async serve(store: SessionStore = this.backend.open(), options?: AppOptions): Promise<App> {
    const app = await serve(store, options);
    this.#apps.push(app);
    return app;
  }

  /** The application in a process of its own. */
  async startInstance(address: StoreAddress): Promise<Instance> {
    const instance = await startInstance();
    this.#instances.push(instance);
    await instance.open(address);
    return instance;
  }

  /** Someone who has just signed in. */
  async signedIn(origin: string): Promise<Client> {
    return this.#known(await signedIn(origin, this.#name()));
  }

  /** The same, with a refresh token that was never used: the next refresh has to write. */
  async refreshed(origin: string): Promise<Client> {
    return this.#known(await refreshed(origin, this.#name()));
  }

  onEnd(end: () => Promise<void> | void): void {
    this.#ends.unshift(end);
  }

  async end(): Promise<void> {
    for (const instance of this.#instances) await instance.end();
    for (const app of this.#apps) await app.close();
    const events = [...this.#apps, ...this.#instances].flatMap((one) => one.events);
    if (events.includes("theft")) this.complain("somebody was called a thief");
    for (const client of this.#clients) for (const text of client.complaints) this.complain(text);
    for (const end of this.#ends) await end();
  }

  #name(): string {
    users += 1;
    return `user-${users}`;
  }

  #known(client: Client): Client {
    this.#clients.push(client);
    return client;
  }
}
