import { createRequire } from "node:module";
import Koa from "koa";

const require = createRequire(import.meta.url);

/** The newest and oldest Koa of each major, under Koa 3's types: what differs between them is what the tests are about. */
export const koaVersions: readonly [name: string, make: typeof Koa][] = [
  ["koa3", Koa],
  ["koa3-lowest", require("koa3-lowest")],
  ["koa2", require("koa2")],
  ["koa2-lowest", require("koa2-lowest")],
];
