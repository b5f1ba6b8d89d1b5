import { invalidArgument } from "@acme/session-core/adapter";
import { Logger } from "@nestjs/common";
import type { ModulesContainer } from "@nestjs/core";
import { type Controller, type Handler, verifiedMethodsOf } from "./metadata.js";
import { isSessionParam } from "./session-param.js";

/** Names of `@nestjs/graphql` and `@nestjs/common`: the marks of a field and of a reference, the parameters, the options. */
const OF_OBJECTS = ["graphql:resolve_property", "graphql:resolve_reference"];
const PARAMETERS = "__routeArguments__";
const GRAPHQL_OPTIONS = "GqlModuleOptions";

interface GraphqlOptions {
  fieldResolverEnhancers?: readonly string[];
}

/**
 * Sees to it, when the application starts, that what `VerifySession` says on a method reaches the requests.
 *
 * @throws SessionError `INVALID_ARGUMENT` naming the class and the method where it does not
 */
export function assertKept(modules: ModulesContainer): void {
  const unguarded: string[] = [];
  for (const controller of classesIn(modules)) {
    for (const [key, handler] of verifiedMethodsOf(controller)) {
      if (isOfObject(handler) && !takesSession(controller, key)) {
        unguarded.push(`${controller.name}.${String(key)}`);
      }
    }
  }
  if (unguarded.length === 0) return;
  const known = graphqlOptionsIn(modules);
  if (known.length > 0 && known.every(({ fieldResolverEnhancers: all }) => all?.includes("guards"))) return;
  const told = `\`@VerifySession()\` on ${unguarded.join(", ")}: Nest runs no guards on fields of objects. Take \`@Session()\` as a parameter there, or set \`fieldResolverEnhancers: ["guards"]\` in the options of GraphQLModule`;
  if (known.length > 0) throw invalidArgument(told);
  new Logger("SessionModule").warn(`${told}. Those options were not found, so this may be in order.`);
}

function classesIn(modules: ModulesContainer): Set<Controller> {
  const classes = new Set<Controller>();
  for (const { controllers, providers } of modules.values()) {
    for (const { isNotMetatype, metatype } of [...controllers.values(), ...providers.values()]) {
      if (!isNotMetatype && typeof metatype === "function" && metatype.prototype) {
        classes.add(metatype as Controller);
      }
    }
  }
  return classes;
}

function isOfObject(handler: Handler): boolean {
  return OF_OBJECTS.some((mark) => Reflect.getMetadata(mark, handler) === true);
}

function takesSession(controller: Controller, key: string | symbol): boolean {
  const parameters: object = Reflect.getMetadata(PARAMETERS, controller, key) ?? {};
  return Object.values(parameters).some(({ factory }: { factory?: unknown }) => isSessionParam(factory));
}

function graphqlOptionsIn(modules: ModulesContainer): GraphqlOptions[] {
  return [...modules.values()].flatMap(({ providers }) => {
    const options: unknown = providers.get(GRAPHQL_OPTIONS)?.instance;
    return typeof options === "object" && options !== null ? [options] : [];
  });
}
