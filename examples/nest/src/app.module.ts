import { SessionModule } from "@acme/session-nest";
import { Module } from "@nestjs/common";
import { AppController } from "./app.controller.ts";
import { LabController } from "./lab.controller.ts";
import { Session } from "./session.ts";

@Module({
  imports: [SessionModule.forRoot({ session: Session })], // serves refresh, sign-out, JWKS and discovery under /auth
  controllers: [AppController, LabController],
})
export class AppModule {}
