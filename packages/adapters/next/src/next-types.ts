import type { SessionContainer } from "@acme/session-core";
import type { NodeIncomingMessage, NodeServerResponse } from "@acme/session-core/adapter";
import type { NextApiRequest } from "next";

/** Of the pages router: what an API route or `getServerSideProps` is given. */
export type PagesRequest = NodeIncomingMessage;
export type PagesResponse = NodeServerResponse;

/** A request of either router: pages bring Node's, route handlers and the proxy bring a Fetch `Request`. */
export type AnyRequest = PagesRequest | Request;

/** A request of an API route that carries a session, under the name that code written for other SDKs of this family uses. */
export type SessionRequest = NextApiRequest & { session?: SessionContainer | undefined };
