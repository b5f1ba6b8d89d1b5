import { serveControl } from "./control.ts";
import { elysiaApp } from "./elysia.ts";
import { Fixture } from "./fixture.ts";

// Run by Bun.
serveControl(async (options) => {
  const fixture = new Fixture(options);
  const app = elysiaApp(fixture).listen({ port: 0, hostname: "127.0.0.1" });
  return {
    fixture,
    origin: `http://127.0.0.1:${app.server?.port}`,
    async close() {
      await app.stop(true);
      await fixture.close();
    },
  };
});
