import { existsSync, globSync } from "node:fs";
import { delimiter, join } from "node:path";

export type ServerKind = "postgres" | "mysql" | "redis";

interface KindFacts {
  /** Environment variable with the URL of a server for tests. */
  readonly variable: string;
  readonly port: number;
  /** URL of a server at that port with the settings of a package manager or of compose.yaml. */
  readonly usualUrls: readonly string[];
  /** Any of these starts a server. */
  readonly binaries: readonly string[];
}

export const kinds: Readonly<Record<ServerKind, KindFacts>> = {
  postgres: {
    variable: "TEST_POSTGRES_URL",
    port: 5432,
    usualUrls: [
      "postgres://root@127.0.0.1:5432/test",
      "postgres://postgres:postgres@127.0.0.1:5432/postgres",
      "postgres://postgres@127.0.0.1:5432/postgres",
    ],
    binaries: ["postgres"],
  },
  mysql: {
    variable: "TEST_MYSQL_URL",
    port: 3306,
    usualUrls: ["mysql://root@127.0.0.1:3306/test", "mysql://root:root@127.0.0.1:3306/test"],
    binaries: ["mariadbd", "mysqld"],
  },
  redis: {
    variable: "TEST_REDIS_URL",
    port: 6379,
    usualUrls: ["redis://127.0.0.1:6379"],
    binaries: ["redis-server", "valkey-server"],
  },
};

/** Absolute path of the first of these programs that the machine has. */
export function findBinary(names: readonly string[]): string | undefined {
  const directories = [
    ...(process.env.PATH ?? "").split(delimiter),
    "/usr/sbin",
    ...globSync("/usr/lib/postgresql/*/bin").sort().reverse(),
    "/opt/homebrew/bin",
  ];
  return directories
    .flatMap((directory) => names.map((name) => join(directory, name)))
    .find((path) => existsSync(path));
}
