import type { UserContext } from "../claims/user-context.js";
import type { RoleStore, UserAuthorization } from "../store/role-store.js";
import { expandGrants, type PermissionCatalogue } from "./permission-catalogue.js";

/** What a user may do, with patterns expanded. */
export interface Authorization {
  roles: string[];
  permissions: string[];
  version: number;
}

/**
 * Reads what the claims hold. Within one call of the application (one user context) claims that are fetched at the same
 * time share one read.
 */
export class AuthorizationReader {
  readonly #underWay = new WeakMap<UserContext, Map<string, Promise<Authorization>>>();

  constructor(
    private readonly roles: () => RoleStore,
    private readonly roleClaim: "direct" | "effective",
    private readonly catalogue: PermissionCatalogue | undefined,
  ) {}

  read(tenantId: string, userId: string, userContext: UserContext): Promise<Authorization> {
    const reads = this.#underWay.get(userContext) ?? new Map<string, Promise<Authorization>>();
    this.#underWay.set(userContext, reads);
    const key = JSON.stringify([tenantId, userId]);
    const known = reads.get(key);
    if (known !== undefined) return known;
    const reading = this.#read(tenantId, userId).finally(() => reads.delete(key));
    reads.set(key, reading);
    return reading;
  }

  async #read(tenantId: string, userId: string): Promise<Authorization> {
    const found: UserAuthorization = await this.roles().readAuthorization(tenantId, userId);
    return {
      roles: this.roleClaim === "effective" ? found.effectiveRoles : found.roles,
      permissions: expandGrants(found.permissions, this.catalogue),
      version: found.version,
    };
  }
}
