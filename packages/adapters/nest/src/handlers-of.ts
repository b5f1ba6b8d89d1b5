import { MetadataScanner, type ModulesContainer } from "@nestjs/core";
import type { Controller, Handler } from "./metadata.js";

type NestModule = ModulesContainer extends Map<string, infer M> ? M : never;

const scanner = new MetadataScanner();

/** Every method of a module's controllers, resolvers and other classes, with the class and the name it has there. */
export function* handlersOf({
  controllers,
  providers,
}: NestModule): Generator<[Handler, Controller, string]> {
  for (const { isNotMetatype, metatype } of [...controllers.values(), ...providers.values()]) {
    if (isNotMetatype || typeof metatype !== "function") continue;
    const { prototype } = metatype;
    for (const name of scanner.getAllMethodNames(prototype)) {
      yield [prototype[name], metatype as Controller, name];
    }
  }
}
