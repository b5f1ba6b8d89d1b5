import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { freshSchema, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`joinTransaction without await (${missing ?? "real server"})`, () => {
  it("ends no process, and whoever awaits it later is told", async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", listener);
    const fresh = await freshSchema();
    const store = fresh.open();
    await store.listSecrets();
    const client = new pg.Client(url);
    await client.connect();
    await client.query("BEGIN");
    const joining = store.joinTransaction(client, async () => {
      await store.listSecrets();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return store.listSecrets();
    });
    await client.query("COMMIT");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(unhandled).toEqual([]);
    await expect(joining).rejects.toMatchObject({ name: "SessionError" });
    process.off("unhandledRejection", listener);
    await client.end();
    await store.close();
    await fresh.drop();
  });
});
