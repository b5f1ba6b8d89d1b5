export * from "@acme/session-core";
/** `Error`, under the name that code written for other SDKs of this family imports. */
export { SessionError as Error } from "@acme/session-core";
export { createSession, type FetchHandler, type FetchSession } from "./create-session.js";
