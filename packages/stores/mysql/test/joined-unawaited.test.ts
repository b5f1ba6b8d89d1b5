import { createConnection } from "mysql2/promise";
import { afterAll, describe, expect, it } from "vitest";
import { freshTables, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`joinTransaction without await (${missing ?? "real server"})`, () => {
  it("ends no process, and whoever awaits it later is told", async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", listener);
    const fresh = freshTables();
    const store = fresh.open();
    await store.listSecrets();
    const connection = await createConnection({ uri: url });
    await connection.beginTransaction();
    const joining = store.joinTransaction(connection, async () => {
      throw new Error("the application thinks better of it");
    });
    await connection.commit();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(unhandled).toEqual([]);
    await expect(joining).rejects.toThrow("thinks better");
    process.off("unhandledRejection", listener);
    await connection.end();
    await store.close();
    await fresh.drop();
  });
});
