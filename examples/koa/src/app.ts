import { pageDirectory } from "@acme/example-page";
import Koa from "koa";
import bodyParser from "koa-bodyparser";
import serveStatic from "koa-static";
import { router } from "./routes.ts";
import { Session } from "./session.ts";

export const app = new Koa();

app.use(Session.middleware()); // serves refresh, sign-out, JWKS and discovery under /auth; answers our errors
app.use(bodyParser());
app.use(router.routes());
app.use(serveStatic(pageDirectory));
