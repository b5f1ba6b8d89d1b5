import { having, type OptionCheck } from "../errors/option-check.js";
import { invalidOption } from "../errors/throwers.js";
import { SESSION_OPERATIONS } from "../store/each-operation.js";

const hasTheMethods = having(
  ...Object.entries(SESSION_OPERATIONS).flatMap(([name, isRequired]) => (isRequired ? name : [])),
  "close",
);

/** A store. Whoever gives what a store is made of reads which call makes it; a URL, which may hold a password, is never shown. */
export const isStore: OptionCheck = (value, path) => {
  const advice = adviceOn(value);
  if (advice !== undefined) throw invalidOption(path, `must be a store, not ${advice}`);
  hasTheMethods(value, path);
};

type Server = "postgres" | "mysql" | "redis";

const SCHEMES: readonly (readonly [start: RegExp, server: Server])[] = [
  [/^postgres(?:ql)?:/i, "postgres"],
  [/^(?:mysql|mariadb):/i, "mysql"],
  [/^(?:rediss?|valkeys?):/i, "redis"],
];

const madeBy = (server: Server, given: string): string =>
  `write \`${server}Store({ ${given} })\` of @acme/session-store-${server}`;

function adviceOn(value: unknown): string | undefined {
  const url = value instanceof URL ? value.protocol : value;
  if (typeof url === "string") {
    const server = SCHEMES.find(([start]) => start.test(url))?.[1];
    return server && `a URL: ${madeBy(server, "url")}`;
  }
  const has = (...names: string[]): boolean =>
    names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
  if (typeof value === "function") {
    if (has("unsafe", "begin")) return `a database client: ${madeBy("postgres", "client: sql")}`;
    const { name, prototype } = value;
    if (prototype?.insertSession !== undefined) return `its class: write \`new ${name || "MemoryStore"}()\``;
    return "a function: call it";
  }
  if (typeof value !== "object" || value === null || has("insertSession")) return undefined;
  if (has("then")) return "a promise of one: `await` it first";
  if (has("sendCommand")) return `a database client: ${madeBy("redis", "client")}`;
  if (has("getConnection") || has("execute", "query")) {
    return `a database client: ${madeBy("mysql", "client: pool")}`;
  }
  if (has("connect", "query")) return `a database client: ${madeBy("postgres", "client: pool")}`;
  return undefined;
}
