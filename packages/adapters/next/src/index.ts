export * from "@acme/session-core";
