import type { FaultRow } from "./row.ts";
import { failovers } from "./rows/failover.ts";
import { fileOutages } from "./rows/file-outages.ts";
import { fleetRows } from "./rows/fleet.ts";
import { keyRows } from "./rows/keys.ts";
import { lostReplies } from "./rows/lost-replies.ts";
import { lostSessions } from "./rows/lost-sessions.ts";
import { processRows } from "./rows/processes.ts";
import { putBack } from "./rows/put-back.ts";
import { recoveryRows } from "./rows/recovery.ts";
import { schemaRows } from "./rows/schema.ts";
import { serverOutages } from "./rows/server-outages.ts";
import { settingsRows } from "./rows/settings.ts";

/** Every row of the fault matrix (security.md §21), and those of the load matrix that need real processes (§22). */
export const rows: readonly FaultRow[] = [
  ...serverOutages,
  ...lostReplies,
  ...processRows,
  ...putBack,
  ...schemaRows,
  ...failovers,
  ...recoveryRows,
  ...settingsRows,
  ...lostSessions,
  ...fileOutages,
  ...keyRows,
  ...fleetRows,
].sort((a, b) => a.id.localeCompare(b.id));
