import { Exchange } from "@acme/session-core/adapter";
import { inRequest, nextHeaders, nextServer } from "./next-modules.js";
import { type ServerHeaders, ServerRequest } from "./server-request.js";
import { ActionResponse, ComponentResponse, type CookieJar } from "./server-response.js";

/** Both sides of one request to the app router. They are found again by Next's headers object: one per request. */
interface ServerContext {
  action?: Exchange;
  component?: { exchange: Exchange; changes: string };
  /** The response of the route handler around has been made. */
  isOver?: boolean;
}

const contexts = new WeakMap<object, ServerContext>();

/**
 * The exchange of the server components of this request: layout, page and metadata share it (NX-14). It is a new one
 * when an action of the same request has set cookies since.
 */
export async function componentExchange(): Promise<Exchange> {
  // The clock decides, and Next's prefetches may read no clock before they have waited for a request.
  const { connection } = await nextServer();
  await connection();
  const { headers } = await nextHeaders();
  const found: ServerHeaders = await headers();
  const context = contextOf(found);
  const written = (context.action?.res as ActionResponse | undefined)?.written;
  const changes = [...(written ?? [])].join();
  if (context.component?.changes !== changes) {
    const request = new ServerRequest(found, "GET", new Map(written));
    context.component = { exchange: new Exchange(request, new ComponentResponse()), changes };
  }
  return context.component.exchange;
}

/** The exchange of the server action of this request. */
export async function actionExchange(): Promise<Exchange> {
  const { headers, cookies } = await nextHeaders();
  const found: ServerHeaders = await headers();
  const jar: CookieJar = await cookies();
  const response = new ActionResponse(jar);
  const exchange = new Exchange(new ServerRequest(found, "POST"), response);
  if (response.isReadOnly) return exchange;
  const context = contextOf(found);
  context.action ??= exchange;
  if (context.isOver) response.commit();
  return context.action;
}

/** The route handler of this request has returned: cookies that are set from here on would be lost without a word. */
export async function endActions(): Promise<void> {
  const { headers } = await nextHeaders();
  const found = await inRequest(headers);
  if (found === undefined) return;
  const context = contextOf(found);
  context.isOver = true;
  (context.action?.res as ActionResponse | undefined)?.commit();
}

function contextOf(headers: object): ServerContext {
  let context = contexts.get(headers);
  if (context === undefined) {
    context = {};
    contexts.set(headers, context);
  }
  return context;
}
