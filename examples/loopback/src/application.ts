import { type Place, pageDirectory } from "@acme/example-page";
import { RestApplication } from "@loopback/rest";
import { AppController } from "./app.controller.ts";
import { LabController } from "./lab.controller.ts";
import { Session } from "./session.ts";

export class Application extends RestApplication {
  constructor(place: Place) {
    super({
      shutdown: { signals: [] }, // server.ts ends the process
      rest: { ...place, cors: { origin: false } }, // the page comes from this server; LoopBack's default allows every origin
    });
    this.middleware(Session.middleware()); // serves refresh, sign-out, JWKS and discovery under /auth; answers our errors
    this.controller(AppController);
    this.controller(LabController);
    this.static("/", pageDirectory);
  }
}
