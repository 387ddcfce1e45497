import type { Installation, Level, Permissions } from "../records.ts";
import { put, type State } from "../state.ts";

/** Installation tokens live an hour (GitHub docs). */
const INSTALLATION_TOKEN_MS = 60 * 60 * 1000;

export interface TokenWish {
  readonly repositoryIds: ReadonlySet<number>;
  readonly permissions: Permissions;
}

export function grantInstallationToken(
  state: State,
  nowMs: number,
  installation: Installation,
  wish: TokenWish & { readonly tokenSha256: string },
): { readonly state: State; readonly expiresAt: string } {
  const expiresAt = new Date(nowMs + INSTALLATION_TOKEN_MS).toISOString().replace(/\.\d{3}Z$/, "Z");
  const token = {
    kind: "installation" as const,
    installationId: installation.id,
    repositoryIds: wish.repositoryIds,
    permissions: wish.permissions,
    expiresAt,
  };
  return { state: { ...state, tokens: put(state.tokens, wish.tokenSha256, token) }, expiresAt };
}

/** What a token may be asked for: at most what the App was granted. Null when it is more. */
export function narrowPermissions(granted: Permissions, asked: Readonly<Record<string, Level>> | undefined): Permissions | null {
  if (asked === undefined) return granted;
  const within = Object.entries(asked).every(([name, level]) => granted[name] === "write" || granted[name] === level);
  return within ? { ...asked, metadata: "read" } : null;
}
