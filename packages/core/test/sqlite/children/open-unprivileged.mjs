// Opens a store without the rights to. argv: path. Prints the error.
import { sqliteStore } from "../../../dist/sqlite/index.js";

const [path] = process.argv.slice(2);
try {
  await sqliteStore({ path }).close();
  console.log(JSON.stringify({ opened: true }));
} catch (error) {
  console.log(JSON.stringify({ type: error.type, message: error.message }));
}
