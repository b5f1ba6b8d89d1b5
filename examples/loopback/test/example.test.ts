import { join } from "node:path";
import { describeExample } from "@acme/example-page/describe-example";

describeExample(join(import.meta.dirname, "../dist/server.js"), "server");
