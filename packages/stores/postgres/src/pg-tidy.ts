import type { Socket } from "node:net";

/** What `pg`'s own client has beside its declarations; its native one has another inside. */
interface PgParts {
  connect?(callback?: (error: unknown, ...more: unknown[]) => void): unknown;
  on?(event: "error", listener: () => void): unknown;
  readonly connection?: {
    readonly stream?: Partial<Pick<Socket, "destroy">>;
    attachListeners?(stream: Socket): void;
    emit?(event: "error", error: unknown): boolean;
  };
}

type Whole = { -readonly [Part in keyof PgParts]: PgParts[Part] };

/**
 * A class of clients for a pool of our own: one that fails to connect closes its socket. The driver forgets a client that
 * refuses to go on by itself (no password, an answer it cannot read), and leaves the socket open on both sides.
 */
export function tidyClients<C extends object>(Client: C): C {
  return new Proxy(Client, {
    construct: (make, given) => tidy(Reflect.construct(make as new () => object, given)),
  });
}

function tidy<C extends Whole>(client: C): C {
  const connect = client.connect?.bind(client);
  const { connection } = client;
  if (connect === undefined || connection === undefined) return client;
  catchUnreadable(connection);
  client.connect = (callback) => {
    if (callback === undefined) return connect();
    // The pool listens only once it is connected.
    client.on?.("error", () => {});
    return connect((error, ...more) => {
      if (error) connection.stream?.destroy?.();
      callback(error, ...more);
    });
  };
  return client;
}

/** What is no PostgreSQL, or signs in by a method that the driver does not know, makes it throw where nobody can catch. */
function catchUnreadable(connection: NonNullable<Whole["connection"]>): void {
  const attach = connection.attachListeners?.bind(connection);
  if (attach === undefined) return;
  connection.attachListeners = (stream) => {
    const before = new Set(stream.listeners("data"));
    attach(stream);
    for (const listener of stream.listeners("data")) {
      if (before.has(listener)) continue;
      stream.off("data", listener as (data: Buffer) => void);
      stream.on("data", (data: Buffer) => {
        try {
          Reflect.apply(listener, stream, [data]);
        } catch (error) {
          connection.emit?.("error", error);
          stream.destroy();
        }
      });
    }
  };
}
