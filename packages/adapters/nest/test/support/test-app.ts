import { WireClient } from "@acme/session-conformance";
import {
  Body,
  Controller,
  HttpCode,
  type INestApplication,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  type NestModule,
  Post,
  Req,
  Res,
} from "@nestjs/common";
import {
  createSession,
  MemoryStore,
  type NestSession,
  SessionModule,
  type SessionOptions,
  silentLogger,
} from "../../src/index.js";
import {
  createApp,
  listen,
  type Platform,
  type PlatformRequest,
  type PlatformResponse,
} from "./platforms.js";

export interface TestApp {
  app: INestApplication;
  client(): WireClient;
  /** A client that is signed in as `user-1`. */
  signedIn(): Promise<WireClient>;
  /** What Nest logged as an error. */
  errors: unknown[];
  close(): Promise<void>;
}

export interface TestAppParts extends ModuleMetadata {
  session: NestSession;
  /** Default: `SessionModule.forRoot({ session })`. */
  sessionModule?: NonNullable<ModuleMetadata["imports"]>[number];
  configure?: (consumer: MiddlewareConsumer) => void;
  prepare?: (app: INestApplication) => void;
}

export const testSession = (options: SessionOptions = {}): NestSession =>
  createSession({ store: new MemoryStore(), logger: silentLogger, ...options });

/** A real server with our module, a login route and what the test adds. */
export async function startApp(
  platform: Platform,
  { session, sessionModule, configure, prepare, controllers = [], imports = [], ...rest }: TestAppParts,
): Promise<TestApp> {
  @Controller()
  class LoginController {
    @Post("login")
    @HttpCode(200)
    async login(
      @Req() req: PlatformRequest,
      @Res({ passthrough: true }) res: PlatformResponse,
      @Body() payload: Record<string, never>,
    ) {
      await session.createNewSession(req, res, "user-1", payload);
      return {};
    }
  }

  @Module({
    imports: [sessionModule ?? SessionModule.forRoot({ session }), ...imports],
    controllers: [LoginController, ...controllers],
    ...rest,
  })
  class AppModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      configure?.(consumer);
    }
  }

  const errors: unknown[] = [];
  const app = await createApp(platform, AppModule, { warn() {}, error: (message) => errors.push(message) });
  prepare?.(app);
  const origin = await listen(app);
  const client = () => new WireClient(origin);
  return {
    app,
    errors,
    client,
    async signedIn() {
      const user = client();
      await user.post("/login", {});
      return user;
    },
    async close() {
      app.getHttpServer().closeAllConnections();
      await app.close();
      await session.close();
    },
  };
}
