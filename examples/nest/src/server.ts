import "reflect-metadata";
import { pageDirectory, runExample } from "@acme/example-page";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { AppModule } from "./app.module.ts";
import { Session } from "./session.ts";

await runExample(async ({ port, host }) => {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    logger: ["warn", "error"],
    abortOnError: false,
  });
  app.useStaticAssets(pageDirectory);
  return app.listen(port, host);
}, Session);
