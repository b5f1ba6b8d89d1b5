import {
  createSession,
  type LoopbackSession,
  type SessionContext,
  silentLogger,
} from "@acme/session-loopback";
import { inject, intercept } from "@loopback/core";
import { get, RestApplication, RestBindings } from "@loopback/rest";
import type { HttpApp } from "./app.ts";
import { appInfo, signedToken, tokenHeaders, USER } from "./tokens.ts";

const UNGUARDED = "LoopBack, unguarded";

/** The decorators are called by hand: what runs here is JavaScript whose types were only taken away. */
function controllerOf(session: LoopbackSession | undefined): new (ctx: SessionContext) => object {
  class MeController {
    readonly ctx: SessionContext;
    constructor(ctx: SessionContext) {
      this.ctx = ctx;
    }
    me() {
      return { id: session === undefined ? USER : session.of(this.ctx)?.getUserId() };
    }
  }
  inject(RestBindings.Http.CONTEXT)(MeController, undefined, 0);
  const method = Object.getOwnPropertyDescriptor(MeController.prototype, "me") as PropertyDescriptor;
  if (session !== undefined) intercept(session.verifySession())(MeController.prototype, "me", method);
  get("/me")(MeController.prototype, "me", method);
  return MeController;
}

async function started(session?: LoopbackSession): Promise<number> {
  const app = new RestApplication({ rest: { host: "127.0.0.1", port: 0, gracePeriodForClose: 0 } });
  if (session !== undefined) app.middleware(session.middleware());
  app.controller(controllerOf(session));
  await app.start();
  return Number(new URL(app.restServer.url ?? "").port);
}

export const loopbackApps: HttpApp[] = [
  {
    name: UNGUARDED,
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      return { port: await started(), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "LoopBack, ours",
    unguarded: UNGUARDED,
    async start() {
      const { store, signed } = await signedToken();
      const session = createSession({ appInfo, logger: silentLogger, allowTestValues: true, store });
      return { port: await started(session), headers: tokenHeaders(signed) };
    },
  },
];
