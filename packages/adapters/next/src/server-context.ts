import { Exchange } from "@acme/session-core/adapter";
import { nextHeaders } from "./next-modules.js";
import { type ServerHeaders, ServerRequest } from "./server-request.js";
import { ActionResponse, ComponentResponse, type CookieJar } from "./server-response.js";

/** Both sides of one request to the app router. They are found again by Next's headers object: one per request. */
interface ServerContext {
  action?: Exchange;
  component?: { exchange: Exchange; changes: string };
}

const contexts = new WeakMap<object, ServerContext>();

/**
 * The exchange of the server components of this request: layout, page and metadata share it (NX-14). It is a new one
 * when an action of the same request has set cookies since.
 */
export async function componentExchange(): Promise<Exchange> {
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
  return context.action;
}

function contextOf(headers: object): ServerContext {
  let context = contexts.get(headers);
  if (context === undefined) {
    context = {};
    contexts.set(headers, context);
  }
  return context;
}
