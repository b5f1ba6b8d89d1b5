import { createRequire } from "node:module";
import * as Hapi from "@hapi/hapi";

const require = createRequire(import.meta.url);

/** The newest and oldest hapi we support, and the last one that sent cookies with a 500, under the newest one's types. */
export const hapiVersions: readonly [name: string, make: typeof Hapi.server][] = [
  ["hapi21", Hapi.server],
  ["hapi21.4.9", require("hapi21-4-9").server],
  ["hapi21-lowest", require("hapi21-lowest").server],
];
