import type { SessionContainer } from "@acme/session-core";

type Values<T> = { readonly [name: string]: T | undefined };

/**
 * The part of an HTTP event that is read here, whatever invokes the function: `APIGatewayProxyEvent`,
 * `APIGatewayProxyEventV2`, `ALBEvent`, function URLs, VPC Lattice and Netlify's classic functions all fit. Never
 * written to.
 */
export interface LambdaEvent {
  readonly version?: string | undefined;
  readonly httpMethod?: string | undefined;
  /** VPC Lattice. */
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly rawPath?: string | undefined;
  readonly rawQueryString?: string | undefined;
  readonly headers?: Values<string | readonly string[]> | null | undefined;
  readonly multiValueHeaders?: Values<readonly string[]> | null | undefined;
  readonly cookies?: readonly string[] | null | undefined;
  readonly queryStringParameters?: Values<string | readonly string[]> | null | undefined;
  readonly multiValueQueryStringParameters?: Values<readonly string[]> | null | undefined;
  readonly requestContext?: object | undefined;
  readonly body?: unknown;
  readonly isBase64Encoded?: boolean | undefined;
}

/** An event as a handler behind `verifySession()` gets it: `session` is there, or undefined where it is optional. */
export type SessionEvent<E extends LambdaEvent = LambdaEvent> = E & {
  readonly session?: SessionContainer | undefined;
};
