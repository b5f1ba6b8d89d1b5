/** What an application writes to check sessions with each package, as far as the bundler is concerned. */
export const OURS = "ours, core with the memory store";
export const OURS_VERIFY_ONLY = "ours, verification alone";

export const entries: Readonly<Record<string, string>> = {
  // The adapters are thin; core is what weighs.
  [OURS]: `export { bindSession, Exchange, exchangeOn, NodeRequest, NodeResponse } from "@acme/session-core/adapter";
           export { MemoryStore } from "@acme/session-core";`,
  "ours, Express adapter": `export { createSession, MemoryStore } from "@acme/session-express";`,
  // There is no entry of its own for it; these are the files that a request with a token goes through.
  [OURS_VERIFY_ONLY]: `export { AccessTokenVerifier } from "./node_modules/@acme/session-core/dist/verify/access-token-verifier.js";
           export { VerifiedTokenCache } from "./node_modules/@acme/session-core/dist/verify/verified-token-cache.js";
           export { findOnlyCookie } from "./node_modules/@acme/session-core/dist/http/cookie-header.js";
           export { platform } from "./node_modules/@acme/session-core/dist/platform/node.js";`,
  "supertokens-node": `export { default } from "supertokens-node"; export { default as Session } from "supertokens-node/recipe/session/index.js";`,
  "better-auth": `export { betterAuth } from "better-auth";`,
  "iron-session": `export { getIronSession } from "iron-session";`,
  "express-session": `export { default } from "express-session";`,
  "fast-jwt": `export { createVerifier, createSigner } from "fast-jwt";`,
  jose: `export { jwtVerify, SignJWT } from "jose";`,
};
