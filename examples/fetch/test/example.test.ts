import { join } from "node:path";
import { describeExample } from "@acme/example-page/describe-example";

describeExample(join(import.meta.dirname, "../src/server.ts"), "server");
