import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How a proxy treats bytes, from now on and on the connections that are open. */
export interface ProxyFault {
  /** Keeps everything it gets and says nothing, without closing: a network that swallows packets. */
  blackHole?: boolean;
  /** Milliseconds before each piece goes on to the client. */
  replyDelayMs?: number;
  /** Resets a connection at the first bytes that would go on to the client, once per this many pieces. */
  cutReplyEvery?: number;
  /** Refuses new connections. */
  refuse?: boolean;
  /** Up to so many milliseconds before each piece that goes on to the client, at random; the order stays. */
  jitterMs?: number;
  /** Sees every piece before it goes on, and may keep it or reset the connection: what it does happens at that very point. */
  watch?: (direction: "request" | "reply") => "pass" | "drop" | "cut";
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Ends when all that was to be sent late has been sent. */
  line: Promise<void>;
  isSilent: boolean;
}

/** Stands between a client and a server, and breaks what a network breaks (security.md §23). */
export class TcpProxy {
  fault: ProxyFault = {};
  /** Pieces that went to the client, counted for `cutReplyEvery`. */
  replies = 0;
  /** Connections that clients have asked for, refused ones too. */
  connections = 0;
  #target: { host: string; port: number };
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(target: { host: string; port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** The same URL through this proxy. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = "127.0.0.1";
    changed.port = String(this.port);
    return changed.href;
  }

  /** Another server stands behind it from now on, and nobody is connected to the old one: what a failover does to an address. */
  redirect(target: { host: string; port: number }): void {
    this.lead(target);
    this.cutAll();
  }

  /** From the next connection on, another server stands behind it; those that are open stay. */
  lead(target: { host: string; port: number }): void {
    this.#target = target;
  }

  /** Resets every connection that is open. */
  cutAll(): void {
    for (const pair of this.#pairs) this.#cut(pair);
  }

  /** From now on nothing comes through the connections that are open, and they stay open; new ones are as `fault` says. */
  silence(): void {
    for (const pair of this.#pairs) pair.isSilent = true;
  }

  async stop(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    this.connections += 1;
    if (this.fault.refuse) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.#target);
    const pair: Pair = { client, server, line: Promise.resolve(), isSilent: false };
    this.#pairs.add(pair);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.#cut(pair));
      socket.on("close", () => this.#cut(pair));
    }
    client.on("data", (data) => {
      const verdict = this.fault.watch?.("request") ?? "pass";
      if (verdict === "cut") this.#cut(pair);
      else if (verdict === "pass" && !this.fault.blackHole && !pair.isSilent) server.write(data);
    });
    server.on("data", (data) => this.#reply(pair, data));
  }

  #reply(pair: Pair, data: Buffer): void {
    const { blackHole, replyDelayMs = 0, cutReplyEvery, jitterMs = 0, watch } = this.fault;
    const verdict = watch?.("reply") ?? "pass";
    if (verdict === "cut") this.#cut(pair);
    if (verdict !== "pass" || blackHole || pair.isSilent) return;
    this.replies += 1;
    if (cutReplyEvery !== undefined && this.replies % cutReplyEvery === 0) {
      this.#cut(pair);
      return;
    }
    const write = (): void => {
      if (!pair.client.destroyed) pair.client.write(data);
    };
    if (jitterMs > 0) pair.line = pair.line.then(() => sleep(Math.random() * jitterMs)).then(write);
    else if (replyDelayMs > 0) setTimeout(write, replyDelayMs);
    else void pair.line.then(write);
  }

  #cut(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    for (const socket of [pair.client, pair.server]) {
      if (!socket.destroyed) socket.resetAndDestroy();
    }
  }
}
