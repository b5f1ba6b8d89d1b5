import { SessionError } from "../errors/session-error.js";
import type { BaseRequest } from "./base-request.js";

/** None of our endpoints takes more. */
const MAX_BODY_BYTES = 16 * 1024;

/**
 * The JSON body of a request: what a body parser of the framework has left there, else read from the stream or the
 * Fetch request.
 *
 * @returns undefined when there is none
 * @throws SessionError `BAD_INPUT_ERROR` when it is not JSON or too long
 */
export async function readJsonBody(req: BaseRequest): Promise<unknown> {
  const native = req.bodySource as {
    body?: unknown;
    text?: unknown;
    clone?: unknown;
    [Symbol.asyncIterator]?: unknown;
  };
  if (typeof native?.clone === "function" && typeof native.text === "function") {
    return parsed(await (native.clone as () => Request).call(native).text());
  }
  if (native?.body !== undefined && native.body !== null) {
    return typeof native.body === "string" ? parsed(native.body) : native.body;
  }
  if (typeof native?.[Symbol.asyncIterator] !== "function") return undefined;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of native as AsyncIterable<Uint8Array | string>) {
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
    length += bytes.length;
    if (length > MAX_BODY_BYTES) throw badInput("the body is too long");
    chunks.push(bytes);
  }
  const all = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return parsed(new TextDecoder().decode(all));
}

function parsed(text: string): unknown {
  if (text.length > MAX_BODY_BYTES) throw badInput("the body is too long");
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
