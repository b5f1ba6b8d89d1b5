// Imported first: from here on, every import of LoopBack in this process is the oldest we support, also those of our own
// sources. Its packages need each other, so an alias for one of them would mix two LoopBacks.
import { createRequire, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const newest = createRequire(import.meta.url);
export const oldest = createRequire(newest.resolve("@acme/loopback-lowest/package.json"));

const names = ["authentication", "core", "rest", "security"].map((name) => `@loopback/${name}`);
const urlIn = (require: NodeJS.Require, name: string): string => pathToFileURL(require.resolve(name)).href;
const instead = new Map(names.map((name) => [urlIn(newest, name), urlIn(oldest, name)]));

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const url = instead.get(resolved.url);
    return url === undefined ? resolved : { url, format: "commonjs", shortCircuit: true };
  },
});
