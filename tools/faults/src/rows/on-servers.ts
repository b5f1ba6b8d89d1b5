import type { FileBackend, ServerBackend } from "../backend.ts";
import type { StoreKind } from "../open-store.ts";
import type { FaultRow } from "../row.ts";

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type RowOf<B extends ServerBackend | FileBackend> = Without<FaultRow<B>, "stores"> & {
  readonly stores?: readonly StoreKind[];
};

/** A row that needs a server and the proxy before it. */
export function onServers(row: RowOf<ServerBackend>): FaultRow {
  return { ...row, stores: row.stores ?? ["postgres", "mysql", "redis"], run: row.run as FaultRow["run"] };
}

/** A row that needs a file. */
export function onFile(row: RowOf<FileBackend>): FaultRow {
  return { ...row, stores: ["sqlite"], run: row.run as FaultRow["run"] };
}
