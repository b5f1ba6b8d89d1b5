import { cpSync } from "node:fs";
import { join } from "node:path";
import { pageDirectory } from "@acme/example-page";

cpSync(pageDirectory, join(import.meta.dirname, "../public"), { recursive: true });
