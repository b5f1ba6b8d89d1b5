import { invalidArgument, invalidOption } from "@acme/session-core/adapter";
import type { HapiRequestLike } from "./hapi-types.js";

export const PLUGIN_NAME = "@acme/session-hapi";

/** `server.plugins` is one object for the whole server, whatever realm looks at it. */
interface Plugins {
  /** Each with the name of its strategy. */
  [PLUGIN_NAME]?: { readonly instances: Map<object, string> };
}

/**
 * Notes that an instance's plugin is on this server.
 *
 * @throws SessionError `INVALID_ARGUMENT` when it is there already, `INVALID_OPTION` when another has its strategy
 */
export function noteRegistration(
  server: HapiRequestLike["server"],
  instance: object,
  strategy: string,
): void {
  const plugins = server.plugins as Plugins;
  plugins[PLUGIN_NAME] ??= { instances: new Map() };
  const { instances } = plugins[PLUGIN_NAME];
  if (instances.has(instance)) {
    throw invalidArgument(
      "Session.plugin is already registered on this server: register it once, at the root",
    );
  }
  if ([...instances.values()].includes(strategy)) {
    throw invalidOption(
      "strategy",
      `another instance on this server has the strategy "${strategy}": name one of them, createSession({ strategy: "admin" })`,
    );
  }
  instances.set(instance, strategy);
}

/** @throws SessionError `INVALID_ARGUMENT` when it is not: nothing that is told to the client would get there */
export function assertRegistered(server: HapiRequestLike["server"], instance: object): void {
  if (!(server.plugins as Plugins)[PLUGIN_NAME]?.instances.has(instance)) {
    throw invalidArgument("the server lacks our plugin: await server.register(Session.plugin)");
  }
}
