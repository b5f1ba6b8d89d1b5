import type { Joined } from "@acme/session-core/store";
import { lentQuery, type MysqlResult, type Query } from "./database.js";
import type { MysqlConnection } from "./driver.js";
import { MysqlFailure } from "./mysql-failure.js";

/** Flags of the protocol. */
const IN_TRANSACTION = 1;
const AUTOCOMMIT = 2;

/**
 * Statements in a transaction of the application. They go one after the other: a deadlock ends the whole transaction
 * here, and what had been sent behind it would be kept by itself.
 *
 * @param open is asked before the first statement, counts as one, and sends what it has to with the query it is given
 */
export function joinedQuery(
  connection: MysqlConnection,
  joined: Joined<Query>,
  open: (send: Query) => Promise<void>,
): LentTransaction {
  const send = lentQuery(connection);
  let last: Promise<unknown> = Promise.resolve();
  let isOpened = false;
  const statement = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await joined.statement(() => run().catch(forGood));
    } catch (error) {
      // A statement without an answer would run when the application goes on; what it belongs to is lost anyway.
      if (error instanceof MysqlFailure && error.code === "TIMEOUT") connection.destroy();
      throw error;
    }
  };
  const inTurn = <T>(step: (send: Query) => Promise<T>): Promise<T> => {
    const result = last.then(async () => {
      if (!isOpened) await statement(() => open(send));
      isOpened = true;
      return statement(() => step(send));
    });
    last = result.catch(() => {});
    return result;
  };
  const query: Query = (sql, values) =>
    inTurn(async () => {
      const answer = await send(sql, values);
      // A deadlock that the application has overlooked has ended it.
      if (hasNoTransaction(answer)) throw new MysqlFailure(undefined, "NO_TRANSACTION", "never", false);
      return answer;
    });
  return { connection, query, inTurn };
}

function forGood(error: unknown): never {
  throw error instanceof MysqlFailure ? error.forGood() : error;
}

/** A connection that the application has lent, with the transaction on it. */
export interface LentTransaction {
  readonly connection: MysqlConnection;
  readonly query: Query;
  /** Several statements as one, of which one may fail: the transaction is lost only if `step` throws. */
  inTurn<T>(step: (send: Query) => Promise<T>): Promise<T>;
}

/** Whether the answer to a statement that gives no records says that nothing is open, and that each commits by itself. */
export function hasNoTransaction({ serverStatus }: MysqlResult): boolean {
  return serverStatus !== undefined && (serverStatus & (IN_TRANSACTION | AUTOCOMMIT)) === AUTOCOMMIT;
}
