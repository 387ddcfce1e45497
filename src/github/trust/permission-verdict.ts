import { unreachable } from "../../shared/unreachable.ts";
import type { Permission } from "../read/permission.ts";

/** Roles whose holders may make WorkTrain spend and publish. Triage can label but must not start. */
export type StartRole = "write" | "maintain" | "admin";

export type PermissionVerdict =
  | { readonly kind: "allowed"; readonly role: StartRole }
  | { readonly kind: "denied"; readonly role: string; readonly reason: "role" | "not-a-person" | "other-account" }
  /** GitHub did not say; that is a no, but not one to hold against the person. */
  | { readonly kind: "unknown" };

/**
 * Decides from what GitHub's API says now, never from a payload: not from a login's looks, not from `author_association`.
 * @param actorId numeric id from the signed event; a login that meanwhile belongs to somebody else is refused
 */
export function permissionVerdict(permission: Permission, actorId: number): PermissionVerdict {
  switch (permission.kind) {
    case "none":
      return { kind: "denied", role: "none", reason: "role" };
    case "unavailable":
      return { kind: "unknown" };
    case "known": {
      if (permission.userId !== actorId) return { kind: "denied", role: permission.roleName, reason: "other-account" };
      if (permission.userType !== "User") return { kind: "denied", role: permission.roleName, reason: "not-a-person" };
      const role = startRole(permission);
      return role === null ? { kind: "denied", role: permission.roleName, reason: "role" } : { kind: "allowed", role };
    }
    default:
      return unreachable(permission);
  }
}

/** A custom role of an organisation has its own `role_name`; `permission` is then the base role it extends. */
function startRole(permission: Extract<Permission, { kind: "known" }>): StartRole | null {
  switch (permission.roleName) {
    case "write":
    case "maintain":
    case "admin":
      return permission.roleName;
    case "triage":
    case "read":
    case "none":
      return null;
    default:
      return permission.permission === "admin" || permission.permission === "write" ? permission.permission : null;
  }
}
