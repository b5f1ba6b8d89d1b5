import { type AdapterCore, invalidOption } from "@acme/session-core/adapter";
import { adapterOf, type NestSession, serve } from "./create-session.js";
import { type FastifyHooks, rememberReplies } from "./graphql-context.js";
import type { FastifyReplyLike, FastifyRequestLike, Middleware } from "./nest-types.js";
import { wrap } from "./wrap.js";

/** What is used of Nest's HTTP adapter. */
interface HttpAdapter {
  getType(): string;
  getInstance(): unknown;
  use(middleware: Middleware): unknown;
}

interface FastifyLike extends FastifyHooks {
  register(plugin: (app: FastifyContext) => Promise<void>): unknown;
}

interface RouterOptions {
  readonly ignoreTrailingSlash?: boolean;
}

interface FastifyContext {
  /** Newer ones of Fastify have the option in `routerOptions`. */
  readonly initialConfig: RouterOptions & { readonly routerOptions?: RouterOptions };
  removeAllContentTypeParsers(): void;
  addContentTypeParser(
    type: string,
    parse: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): void;
  route(options: {
    method: string;
    url: string;
    handler: (
      request: FastifyRequestLike,
      reply: FastifyReplyLike & { callNotFound(): unknown },
    ) => Promise<unknown>;
  }): unknown;
}

/** By adapter and path, whose endpoint is there. */
const mounted = new WeakMap<HttpAdapter, Map<string, NestSession>>();

/**
 * Serves our endpoints on the platform itself, where neither the global prefix nor versioning applies: cookies are bound
 * to the paths as they are configured. An instance that several modules import is mounted once.
 *
 * @param consumer what Nest hands to `configure`; its adapter is there in every version, and missing from its type
 * @throws SessionError `INVALID_OPTION` where another instance has an endpoint of the same path
 */
export function mountEndpoints(consumer: object, session: NestSession): void {
  const adapter = (consumer as { getHttpAdapter(): HttpAdapter }).getHttpAdapter();
  if (!claimPaths(adapter, session)) return;
  if (adapter.getType() === "fastify") {
    const fastify = adapter.getInstance() as FastifyLike;
    rememberReplies(fastify);
    fastify.register((app) => fastifyRoutes(app, adapterOf(session)));
  } else {
    adapter.use(session.middleware());
  }
}

/** @returns false where they are this instance's already */
function claimPaths(adapter: HttpAdapter, session: NestSession): boolean {
  const taken = mounted.get(adapter) ?? new Map<string, NestSession>();
  mounted.set(adapter, taken);
  if ([...taken.values()].includes(session)) return false;
  for (const { method, basePath, path } of adapterOf(session).endpointRoutes()) {
    const endpoint = `${method} ${basePath}${path}`;
    if (taken.has(endpoint)) {
      throw invalidOption(
        "appInfo.apiBasePath",
        `two instances serve ${endpoint}: give each an \`apiBasePath\` of its own, or import one instance wherever it is needed, \`SessionModule.forRoot({ session: Session })\``,
      );
    }
    taken.set(endpoint, session);
  }
  return true;
}

/** In a context where no body is parsed: whatever stands in it, and however broken, is left alone. */
async function fastifyRoutes(app: FastifyContext, adapter: AdapterCore): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  const { initialConfig } = app;
  const { ignoreTrailingSlash } = { ...initialConfig, ...initialConfig.routerOptions };
  // Fastify then takes the path with a slash for the same one, and refuses it.
  const withSlash = (path: string) => (ignoreTrailingSlash ? [path] : [path, `${path}/`]);
  for (const { method, basePath, path } of adapter.endpointRoutes()) {
    for (const url of [`${basePath}${path}`, `${basePath}/:tenantId${path}`].flatMap(withSlash)) {
      app.route({
        method,
        url,
        handler: async (request, reply) => {
          if (!(await serve(adapter, wrap(request, reply)))) reply.callNotFound();
          return reply;
        },
      });
    }
  }
}
