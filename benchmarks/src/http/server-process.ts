// One server of the HTTP suite, in a process of its own: node server-process.ts NAME. Tells its parent the port and the
// headers to send, then answers every message with the CPU time it has used so far, in microseconds.
import { apps } from "./apps.ts";

const app = apps.find(({ name }) => name === process.argv[2]);
if (app === undefined) throw new Error(`there is no app ${process.argv[2]}`);
const started = await app.start();
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMicroseconds: user + system });
});
process.on("disconnect", () => process.exit());
process.send?.(started);
