import "reflect-metadata";
import {
  createSession,
  InjectSession,
  MemoryStore,
  type NestSession,
  PublicAccess,
  SessionGuard,
  SessionModule,
  silentLogger,
} from "@acme/session-nest";
import { Controller, Get, Module } from "@nestjs/common";
import { APP_GUARD, NestFactory } from "@nestjs/core";

const Session = createSession({ store: new MemoryStore(), logger: silentLogger });

@Controller()
class MeController {
  constructor(@InjectSession() private readonly injected: NestSession) {}

  @Get("me")
  me(@Session("userId") userId: string) {
    return { userId, isSame: this.injected === Session };
  }

  @Get("open")
  @PublicAccess()
  open() {
    return {};
  }
}

@Module({
  imports: [SessionModule.forRoot({ session: Session })],
  controllers: [MeController],
  providers: [{ provide: APP_GUARD, useClass: SessionGuard }],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(0);
const origin = `http://localhost:${app.getHttpServer().address().port}`;
const ask = async (path: string, headers: Record<string, string>) => {
  const response = await fetch(origin + path, { headers: { ...headers, connection: "close" } });
  return [response.status, await response.json()];
};
const created = await Session.createNewSessionWithoutRequestResponse("user-1");
const authorization = `Bearer ${created.getAccessToken()}`;
console.log(
  JSON.stringify([await ask("/me", { authorization }), await ask("/me", {}), await ask("/open", {})]),
);
await app.close();
await Session.close();
