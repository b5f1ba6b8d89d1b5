import {
  MemoryRoleStore,
  MemoryStore,
  type Promotion,
  type SecretRow,
  type SessionPage,
  type SessionRow,
  type SigningKeyRow,
} from "@acme/session-core/store";
import { NOW_MS } from "../src/store/samples.js";

type Apply = (payloadJson: string, row: Readonly<SessionRow>) => string;

/** Long before every session of the suite expires. */
const EARLY_MS = 1;
const elsewhere = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A memory store that can be told to hold a row, as a careless store does with a plain "set". */
class CarelessStore extends MemoryStore {
  protected async set(row: SessionRow): Promise<void> {
    await super.deleteSessions([row.handle], EARLY_MS);
    await super.insertSession(row);
  }
}

/** One mistake each, as people make it, and the case of the suite that must notice. */
export const brokenStores: Readonly<Record<string, { case: string; make: () => MemoryStore }>> = {
  "gives every namespace the same store": {
    case: "namespace-sessions",
    make: () =>
      new (class extends MemoryStore {
        override inNamespace(): MemoryStore {
          return this;
        }
      })(),
  },
  "tells namespaces apart by their first letter": {
    case: "namespace-keys",
    make: () =>
      new (class extends MemoryStore {
        override inNamespace(namespace: string): MemoryStore {
          return super.inNamespace(namespace.slice(0, 1));
        }
      })(),
  },
  "shares roles between namespaces": {
    case: "namespace-roles",
    make: () => {
      const roles = new MemoryRoleStore();
      return new (class Shared extends MemoryStore {
        override readonly roles = roles;
        readonly #views = new Map<string, Shared>();
        override inNamespace(namespace: string): MemoryStore {
          const view = this.#views.get(namespace) ?? new Shared();
          this.#views.set(namespace, view);
          return view;
        }
      })();
    },
  },
  "makes a namespace anew each time": {
    case: "namespace-same-data",
    make: () =>
      new (class extends MemoryStore {
        override inNamespace(): MemoryStore {
          return new MemoryStore();
        }
      })(),
  },
  "cleans up all namespaces at once": {
    case: "namespace-clean-up",
    make: () => {
      const all: MemoryStore[] = [];
      return new (class Sweeping extends MemoryStore {
        readonly #views = new Map<string, Sweeping>();
        constructor() {
          super();
          all.push(this);
        }
        override inNamespace(namespace: string): MemoryStore {
          const view = this.#views.get(namespace) ?? new Sweeping();
          this.#views.set(namespace, view);
          return view;
        }
        override async deleteExpiredSessions(nowMs: number, limit: number): Promise<number> {
          let deleted = 0;
          for (const store of all)
            deleted += await MemoryStore.prototype.deleteExpiredSessions.call(store, nowMs, limit);
          return deleted;
        }
      })();
    },
  },
  "ignores expiry on read": {
    case: "get-expired",
    make: () =>
      new (class extends MemoryStore {
        override getSession(handle: string): Promise<SessionRow | undefined> {
          return super.getSession(handle, EARLY_MS);
        }
      })(),
  },
  "takes the moment of expiry for live": {
    case: "get-expired",
    make: () =>
      new (class extends MemoryStore {
        override getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
          return super.getSession(handle, nowMs - 1);
        }
      })(),
  },
  "promotes by get and set": {
    case: "promote-race",
    make: () =>
      new (class extends CarelessStore {
        override async promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
          const row = await this.getSession(promotion.handle, promotion.nowMs);
          await elsewhere();
          if (row?.refreshTokenHash2 !== promotion.expectedRefreshTokenHash2) return undefined;
          await this.set({ ...row });
          return super.promoteSession(promotion);
        }
      })(),
  },
  "promotes whatever token was presented": {
    case: "promote-lost",
    make: () =>
      new (class extends MemoryStore {
        override async promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
          const row = await this.getSession(promotion.handle, promotion.nowMs);
          return (
            row && super.promoteSession({ ...promotion, expectedRefreshTokenHash2: row.refreshTokenHash2 })
          );
        }
      })(),
  },
  "forgets the previous token": {
    case: "promote-changes",
    make: () =>
      new (class extends CarelessStore {
        override async promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
          const row = await super.promoteSession(promotion);
          if (row) await this.set({ ...row, previousRefreshTokenHash2: null });
          return row && { ...row, previousRefreshTokenHash2: null };
        }
      })(),
  },
  "drops the absolute expiry": {
    case: "promote-absolute-cap",
    make: () =>
      new (class extends CarelessStore {
        override async promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
          const row = await super.promoteSession(promotion);
          if (row) await this.set({ ...row, expiresAtMs: promotion.expiresAtMs });
          return row && { ...row, expiresAtMs: promotion.expiresAtMs };
        }
      })(),
  },
  "folds the case of handles": {
    case: "handles-exact",
    make: () =>
      new (class extends MemoryStore {
        override insertSession(row: SessionRow): Promise<void> {
          return super.insertSession({ ...row, handle: row.handle.toLowerCase() });
        }
        override getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
          return super.getSession(handle.toLowerCase(), nowMs);
        }
      })(),
  },
  "compares user ids without trailing blanks": {
    case: "user-ids-exact",
    make: () =>
      new (class extends MemoryStore {
        override insertSession(row: SessionRow): Promise<void> {
          return super.insertSession({ ...row, userId: row.userId.trimEnd() });
        }
        override listSessionHandles(
          userId: string,
          tenantId: string | undefined,
          nowMs: number,
        ): Promise<string[]> {
          return super.listSessionHandles(userId.trimEnd(), tenantId, nowMs);
        }
      })(),
  },
  "cuts user ids to 255 characters": {
    case: "too-long-ids",
    make: () =>
      new (class extends MemoryStore {
        override insertSession(row: SessionRow): Promise<void> {
          return super.insertSession({ ...row, userId: row.userId.slice(0, 255) });
        }
      })(),
  },
  "brings a deleted session back on update": {
    case: "update-against-delete",
    make: () =>
      new (class extends CarelessStore {
        override async updateAccessTokenPayload(handle: string, nowMs: number, apply: Apply) {
          const row = await this.getSession(handle, nowMs);
          if (row === undefined) return undefined;
          const changed = { ...row, accessTokenPayloadJson: apply(row.accessTokenPayloadJson, row) };
          await elsewhere();
          await this.set(changed);
          return changed;
        }
      })(),
  },
  "lets the last merge win": {
    case: "update-payload-race",
    make: () =>
      new (class extends MemoryStore {
        override async updateAccessTokenPayload(handle: string, nowMs: number, apply: Apply) {
          const row = await this.getSession(handle, nowMs);
          if (row === undefined) return undefined;
          const payloadJson = apply(row.accessTokenPayloadJson, row);
          await elsewhere();
          return super.updateAccessTokenPayload(handle, nowMs, () => payloadJson);
        }
      })(),
  },
  "hands out its own rows": {
    case: "rows-are-copies",
    make: () =>
      new (class extends MemoryStore {
        readonly #cache = new Map<string, SessionRow>();
        override async getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
          const row = this.#cache.get(handle) ?? (await super.getSession(handle, nowMs));
          if (row) this.#cache.set(handle, row);
          return row;
        }
      })(),
  },
  "says it deleted but does not": {
    case: "delete-sessions",
    make: () =>
      new (class extends MemoryStore {
        override async deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]> {
          const rows = await Promise.all(
            [...new Set(handles)].map((handle) => this.getSession(handle, nowMs)),
          );
          return rows.flatMap((row) => row?.handle ?? []);
        }
      })(),
  },
  "reports deletions that others made": {
    case: "delete-race",
    make: () =>
      new (class extends MemoryStore {
        override async deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]> {
          const rows = await Promise.all(
            [...new Set(handles)].map((handle) => this.getSession(handle, nowMs)),
          );
          await elsewhere();
          await super.deleteSessions(handles, nowMs);
          return rows.flatMap((row) => row?.handle ?? []);
        }
      })(),
  },
  "revokes a user in every tenant": {
    case: "delete-user",
    make: () =>
      new (class extends MemoryStore {
        override deleteSessionsOfUser(
          userId: string,
          _tenantId: string | undefined,
          nowMs: number,
        ): Promise<string[]> {
          return super.deleteSessionsOfUser(userId, undefined, nowMs);
        }
      })(),
  },
  "cleans up without a limit": {
    case: "delete-expired-batches",
    make: () =>
      new (class extends MemoryStore {
        override deleteExpiredSessions(nowMs: number): Promise<number> {
          return super.deleteExpiredSessions(nowMs, Number.POSITIVE_INFINITY);
        }
      })(),
  },
  "moves the mark of the clean-up by get and set": {
    case: "clean-up-claimed-once",
    make: () =>
      new (class extends MemoryStore {
        #markMs = Number.NEGATIVE_INFINITY;
        override async claimCleanUp(nowMs: number, intervalMs: number): Promise<number | undefined> {
          const sinceMs = nowMs - this.#markMs;
          await elsewhere();
          this.#markMs = nowMs;
          return sinceMs >= intervalMs ? sinceMs : undefined;
        }
      })(),
  },
  "takes a mark that lies ahead for one that has just been made": {
    case: "clean-up-interval",
    make: () =>
      new (class extends MemoryStore {
        #markMs = Number.NEGATIVE_INFINITY;
        override async claimCleanUp(nowMs: number, intervalMs: number): Promise<number | undefined> {
          const sinceMs = nowMs - this.#markMs;
          if (sinceMs < intervalMs) return undefined;
          this.#markMs = nowMs;
          return sinceMs;
        }
      })(),
  },
  "takes a withdrawn secret back from a process that still has it": {
    case: "secrets-withdrawn",
    make: () =>
      new (class extends MemoryStore {
        override async listSecrets(candidate?: SecretRow): Promise<SecretRow[]> {
          const secrets = await super.listSecrets(candidate);
          const isBack = secrets.length === 1 && secrets[0]?.secret === "" && candidate !== undefined;
          return isBack ? [candidate] : secrets;
        }
      })(),
  },
  "keeps times in 32-bit seconds": {
    case: "far-times",
    make: () =>
      new (class extends MemoryStore {
        override insertSession(row: SessionRow): Promise<void> {
          return super.insertSession({
            ...row,
            expiresAtMs: (Math.floor(row.expiresAtMs / 1000) >>> 0) * 1000,
          });
        }
      })(),
  },
  "parses the payload and writes it anew": {
    case: "json-exact",
    make: () =>
      new (class extends MemoryStore {
        override insertSession(row: SessionRow): Promise<void> {
          const accessTokenPayloadJson = JSON.stringify(JSON.parse(row.accessTokenPayloadJson));
          return super.insertSession({ ...row, accessTokenPayloadJson });
        }
      })(),
  },
  "lets every process add its own key": {
    case: "keys-slot-race",
    make: () =>
      new (class extends MemoryStore {
        readonly #more: SigningKeyRow[] = [];
        override async insertSigningKey(row: SigningKeyRow): Promise<boolean> {
          if (!(await super.insertSigningKey(row))) this.#more.push(row);
          return true;
        }
        override async listSigningKeys(): Promise<SigningKeyRow[]> {
          return [...(await super.listSigningKeys()), ...this.#more];
        }
      })(),
  },
  "makes a secret per process": {
    case: "secrets-race",
    make: () =>
      new (class extends MemoryStore {
        readonly #secrets: SecretRow[] = [];
        override async listSecrets(candidate?: SecretRow): Promise<SecretRow[]> {
          const empty = this.#secrets.length === 0;
          await elsewhere();
          if (empty && candidate) this.#secrets.push({ ...candidate });
          return this.#secrets.map((secret) => ({ ...secret }));
        }
      })(),
  },
  "walks over its sessions by their position": {
    case: "scan-while-deleting",
    make: () =>
      new (class extends MemoryStore {
        override async scanSessions(cursor: string | undefined, limit: number): Promise<SessionPage> {
          const { rows } = await super.scanSessions(undefined, 1_000_000);
          const start = Number(cursor ?? 0);
          const end = start + limit;
          return { rows: rows.slice(start, end), next: end < rows.length ? String(end) : undefined };
        }
      })(),
  },
  "leaves expired sessions out when it is walked over": {
    case: "scan-all",
    make: () =>
      new (class extends MemoryStore {
        override async scanSessions(cursor: string | undefined, limit: number): Promise<SessionPage> {
          const { rows, next } = await super.scanSessions(cursor, limit);
          return { rows: rows.filter(({ expiresAtMs }) => expiresAtMs > NOW_MS), next };
        }
      })(),
  },
  "closes badly twice": {
    case: "close-twice",
    make: () =>
      new (class extends MemoryStore {
        #closed = false;
        override async close(): Promise<void> {
          if (this.#closed) throw new Error("closed already");
          this.#closed = true;
        }
      })(),
  },
  "is empty once closed": {
    case: "closed-is-not-empty",
    make: () =>
      new (class extends MemoryStore {
        #closed = false;
        override async close(): Promise<void> {
          this.#closed = true;
        }
        override async getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
          return this.#closed ? undefined : super.getSession(handle, nowMs);
        }
      })(),
  },
};
