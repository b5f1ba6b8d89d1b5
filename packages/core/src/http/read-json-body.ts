import { SessionError } from "../errors/session-error.js";
import type { BaseRequest } from "./base-request.js";

/** None of our endpoints takes more. */
const MAX_BODY_BYTES = 16 * 1024;

/** Where a body may come from. */
interface BodySource {
  body?: unknown;
  text?: unknown;
  clone?: unknown;
  /** Node's streams have it, to stop without closing the socket that the answer goes out on. */
  iterator?: unknown;
  [Symbol.asyncIterator]?: unknown;
}

type Pieces = AsyncIterable<Uint8Array | string>;

/**
 * The JSON body of a request: what a body parser of the framework has left there, else read from the stream or the
 * Fetch request, of which no more is read than is allowed.
 *
 * @returns undefined when there is none
 * @throws SessionError `BAD_INPUT_ERROR` when it is not JSON, too long, or breaks off
 */
export async function readJsonBody(req: BaseRequest): Promise<unknown> {
  if (Number(req.header("content-length") ?? 0) > MAX_BODY_BYTES) throw tooLong();
  const native = req.bodySource as BodySource | null | undefined;
  if (typeof native?.clone === "function" && typeof native.text === "function") {
    const { body } = (native.clone as () => Request).call(native);
    return body === null ? undefined : parsed(await textOf(piecesOf(body)));
  }
  if (native?.body !== undefined && native.body !== null) {
    return typeof native.body === "string" ? parsed(native.body) : native.body;
  }
  if (typeof native?.iterator === "function") {
    return parsed(
      await textOf((native.iterator as StoppableIterator).call(native, { destroyOnReturn: false })),
    );
  }
  if (typeof native?.[Symbol.asyncIterator] !== "function") return undefined;
  return parsed(await textOf(native as Pieces));
}

type StoppableIterator = (options: { destroyOnReturn: boolean }) => Pieces;

async function textOf(pieces: Pieces): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  try {
    for await (const piece of pieces) {
      length += piece.length;
      if (length > MAX_BODY_BYTES) throw tooLong();
      text += typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
    }
  } catch (error) {
    if (SessionError.is(error)) throw error;
    throw badInput("the body breaks off");
  }
  return text + decoder.decode();
}

/** Whoever stops early cancels the stream. Nobody waits for that: of two branches of one body it takes both. */
async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(text: string): unknown {
  if (text.length > MAX_BODY_BYTES) throw tooLong();
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badInput("the body is not JSON");
  }
}

function badInput(message: string): SessionError<"BAD_INPUT_ERROR"> {
  return new SessionError({ type: "BAD_INPUT_ERROR", message });
}

function tooLong(): SessionError<"BAD_INPUT_ERROR"> {
  return badInput("the body is too long");
}
