import { lentQuery, type MysqlConnection, type MysqlResult, type Scope } from "./database.js";
import { MysqlFailure, mysqlFailure } from "./mysql-failure.js";

/** Flags of the protocol. */
const IN_TRANSACTION = 1;
const AUTOCOMMIT = 2;

/**
 * Our part in a transaction that the application has begun. Statements go one after the other; after the first that fails
 * none is sent any more, since a deadlock has ended the whole transaction and whatever came then would be kept by itself.
 */
export class JoinedTransaction {
  readonly scope: Scope;
  /** Whether others have made keys that the transaction does not see, as it began before. */
  isBehind = false;
  #failure: MysqlFailure | undefined;
  #isOver = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly connection: MysqlConnection) {
    const query = lentQuery(connection);
    this.scope = {
      transaction: "theirs",
      query: (sql, values) => this.#inTurn(() => query(sql, values)),
    };
  }

  isOn(connection: MysqlConnection): boolean {
    return this.connection === connection;
  }

  /** Whether the connection has been handed back. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What the first statement that failed was told. */
  get failure(): MysqlFailure | undefined {
    return this.#failure;
  }

  /** Sends nothing from now on; resolves when nothing is under way. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#last;
  }

  #inTurn(send: () => Promise<MysqlResult>): Promise<MysqlResult> {
    const result = this.#last.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isOver) throw new Error("the application's transaction has been handed back");
      try {
        const answer = await send();
        assertOpen(answer);
        return answer;
      } catch (error) {
        this.#failure = mysqlFailure(error).forGood();
        // A statement without an answer would run when the application goes on; what it belongs to is lost anyway.
        if (this.#failure.code === "TIMEOUT") this.connection.destroy();
        throw this.#failure;
      }
    });
    this.#last = result.catch(() => {});
    return result;
  }
}

/**
 * @throws MysqlFailure when the connection says that no transaction is open: it was never begun, or a deadlock that the
 *   application has overlooked has ended it
 */
export function assertOpen({ serverStatus }: MysqlResult): void {
  if (serverStatus === undefined || (serverStatus & (IN_TRANSACTION | AUTOCOMMIT)) !== AUTOCOMMIT) return;
  throw new MysqlFailure(undefined, "NO_TRANSACTION", "never", false);
}
