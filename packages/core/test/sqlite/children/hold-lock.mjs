// A foreign process that holds the database. argv: path, milliseconds, "writer" (the write lock of WAL) or
// "everything" (no other process can even read).
const { DatabaseSync } = process.getBuiltinModule("node:sqlite");

const [path, holdMs, kind] = process.argv.slice(2);
const database = new DatabaseSync(path);
if (kind === "everything") database.exec("PRAGMA locking_mode = EXCLUSIVE");
database.exec("BEGIN EXCLUSIVE");
console.log("locked");
setTimeout(() => {
  database.exec("COMMIT");
  database.close();
  console.log("released");
}, Number(holdMs));
