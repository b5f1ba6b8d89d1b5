import { describe, it } from "vitest";
import { runAdapterConformance } from "../src/index.js";
import { startBareApp } from "./support/bare-app.js";

runAdapterConformance({ id: "node-http", start: (options) => startBareApp(options) }, { describe, it });
