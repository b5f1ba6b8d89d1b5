// Imported first: from here on, every import of Nest in this process is the oldest Nest we support, also those of our
// own sources. Its packages need each other, so an alias for one of them would mix two Nests.
import { createRequire, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const newest = createRequire(import.meta.url);
export const oldest = createRequire(newest.resolve("@acme/nest11/package.json"));

const names = [
  "apollo",
  "common",
  "core",
  "graphql",
  "microservices",
  "platform-express",
  "platform-fastify",
].map((name) => `@nestjs/${name}`);
const urlIn = (require: NodeJS.Require, name: string): string => pathToFileURL(require.resolve(name)).href;
const instead = new Map(names.map((name) => [urlIn(newest, name), urlIn(oldest, name)]));

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const url = instead.get(resolved.url);
    return url === undefined ? resolved : { url, format: "commonjs", shortCircuit: true };
  },
});
