import { once } from "node:events";

interface Message {
  type: string;
  id?: string;
  payload?: unknown;
}

interface Told {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: Record<string, unknown> }[];
}

/** A client of `graphql-transport-ws`: one connection, one operation after the other. */
export class GraphqlSocket {
  #ids = 0;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, (message: Message) => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data)) as Message;
      this.#waiting.get(message.id ?? message.type)?.(message);
    });
  }

  static async open(
    origin: string,
    headers: Record<string, string>,
    connectionParams: object,
  ): Promise<GraphqlSocket> {
    const protocols = ["graphql-transport-ws"];
    // Node's own takes headers, as a browser does not.
    const options = { protocols, headers } as unknown as string[];
    const socket = new WebSocket(`${origin.replace("http", "ws")}/graphql`, options);
    await once(socket, "open");
    const client = new GraphqlSocket(socket);
    const acknowledged = client.#next("connection_ack");
    client.#send({ type: "connection_init", payload: connectionParams });
    await acknowledged;
    return client;
  }

  /** @returns the first thing an operation says */
  async ask(query: string): Promise<Told> {
    const id = String(++this.#ids);
    const said = this.#next(id);
    this.#send({ type: "subscribe", id, payload: { query } });
    const { type, payload } = await said;
    return type === "error" ? { errors: payload as NonNullable<Told["errors"]> } : (payload as Told);
  }

  close(): void {
    this.#socket.close();
  }

  #send(message: Message): void {
    this.#socket.send(JSON.stringify(message));
  }

  #next(key: string): Promise<Message> {
    return new Promise((resolve) => {
      this.#waiting.set(key, (message) => {
        this.#waiting.delete(key);
        resolve(message);
      });
    });
  }
}
