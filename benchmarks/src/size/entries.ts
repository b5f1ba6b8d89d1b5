import type { Target } from "./bundle.ts";

/** What an application writes to check sessions with a package, and where its bundle is to run. */
export interface Entry {
  readonly code: string;
  readonly target: Target;
}

export const OURS = "ours, core with the memory store, Node";
export const OURS_EDGE = "ours, core with a store of the application's, Worker";
export const OURS_VERIFY_ONLY = "ours, verification alone, Node";
export const OURS_VERIFY_ONLY_EDGE = "ours, verification alone, Worker";

const onNode = (code: string): Entry => ({ code, target: "node" });
const onWorker = (code: string): Entry => ({ code, target: "worker" });
const verifyOnly = `export { createAccessTokenVerifier } from "@acme/session-core/verify";`;

export const entries: Readonly<Record<string, Entry>> = {
  // The adapters are thin; core is what weighs.
  [OURS]:
    onNode(`export { bindSession, Exchange, exchangeOn, NodeRequest, NodeResponse } from "@acme/session-core/adapter";
           export { MemoryStore } from "@acme/session-core";`),
  "ours, Express adapter": onNode(`export { createSession, MemoryStore } from "@acme/session-express";`),
  [OURS_EDGE]: onWorker(
    `export { bindSession, Exchange, exchangeOn, WebRequest, WebResponse } from "@acme/session-core/adapter";`,
  ),
  [OURS_VERIFY_ONLY]: onNode(verifyOnly),
  [OURS_VERIFY_ONLY_EDGE]: onWorker(verifyOnly),
  "supertokens-node": onNode(
    `export { default } from "supertokens-node"; export { default as Session } from "supertokens-node/recipe/session/index.js";`,
  ),
  "better-auth": onNode(`export { betterAuth } from "better-auth";`),
  "iron-session": onNode(`export { getIronSession } from "iron-session";`),
  "express-session": onNode(`export { default } from "express-session";`),
  "fast-jwt": onNode(`export { createVerifier, createSigner } from "fast-jwt";`),
  jose: onNode(`export { jwtVerify, SignJWT } from "jose";`),
};
