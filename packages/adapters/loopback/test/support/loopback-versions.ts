import { createRequire } from "node:module";
import * as core from "@loopback/core";
import * as rest from "@loopback/rest";

/** LoopBack's packages, under the newest one's types: what differs between versions is what the tests are about. */
export interface Loopback {
  core: typeof core;
  rest: typeof rest;
}

const require = createRequire(import.meta.url);
const oldest = createRequire(require.resolve("@acme/loopback-lowest/package.json"));

export const loopbackVersions: readonly [name: string, loopback: Loopback][] = [
  ["loopback15", { core, rest }],
  ["loopback14-lowest", { core: oldest("@loopback/core"), rest: oldest("@loopback/rest") }],
];
