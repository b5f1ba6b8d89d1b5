import { type AdapterHarness, FixtureApp } from "@acme/session-conformance";
import { type ArgumentsHost, Catch, HttpException, Module } from "@nestjs/common";
import { BaseExceptionFilter } from "@nestjs/core";
import { createSession, type NestSession, SessionError, SessionModule } from "../../src/index.js";
import { fixtureController } from "./fixture-controller.js";
import { createApp, listen, type Platform } from "./platforms.js";

/** The fixture as a Nest application is written. */
export function harness(id: string, platform: Platform): AdapterHarness {
  return {
    id,
    async start(options) {
      const fixture = new FixtureApp(options);
      let session: NestSession;
      try {
        session = createSession(fixture.sessionOptions);
      } catch (error) {
        fixture.close();
        throw error;
      }

      @Module({
        imports: [SessionModule.forRoot({ session })],
        controllers: [fixtureController(fixture, session)],
      })
      class AppModule {}

      const app = await createApp(platform, AppModule, {
        warn: (message) => fixture.sawFrameworkWarning(String(message)),
        error() {},
      });
      app.useGlobalFilters(new (ownFilter(fixture))(app.getHttpAdapter()));
      if (fixture.corsOrigin !== undefined) {
        const allowedHeaders = ["content-type", ...session.getAllCORSHeaders()];
        app.enableCors({ origin: fixture.corsOrigin, credentials: true, allowedHeaders });
      }
      // Before Express's body parser, which refuses malformed JSON.
      if (platform === "express") app.use(session.middleware());
      if (fixture.prefix !== "") app.setGlobalPrefix(fixture.prefix);
      const origin = await listen(app);
      return {
        origin,
        probe: fixture.probe,
        async close() {
          app.getHttpServer().closeAllConnections();
          await app.close();
          await session.close();
          fixture.close();
        },
      };
    },
  };
}

/** What the application answers itself; our errors are left to our filter. */
function ownFilter(fixture: FixtureApp) {
  // biome-ignore lint/complexity/noStaticOnlyClass: Nest asks with instanceof
  abstract class Own {
    static [Symbol.hasInstance](error: unknown): boolean {
      return !SessionError.is(error) || fixture.ownAnswer(error) !== undefined;
    }
  }
  @Catch(Own)
  class OwnFilter extends BaseExceptionFilter {
    override catch(error: unknown, host: ArgumentsHost): void {
      const own = fixture.ownAnswer(error);
      if (own === undefined) {
        // Nest's own 404 takes this way too.
        if (!(error instanceof HttpException)) fixture.sawForeignError(error);
        super.catch(error, host);
        return;
      }
      this.applicationRef?.reply(host.getArgByIndex(1), own.body, own.status);
    }
  }
  return OwnFilter;
}
