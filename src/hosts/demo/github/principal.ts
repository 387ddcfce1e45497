import { createPublicKey, verify } from "node:crypto";
import { z } from "zod";
import { sha256Hex } from "../../../shared/hash.ts";
import type { Account, Permissions, RepositoryRecord, Role, TokenRecord } from "./records.ts";
import { failure, type Reply } from "./reply.ts";
import type { State } from "./state.ts";

/** Who sends a request, as its `Authorization` header proves. */
export type Principal =
  | { readonly kind: "anonymous" }
  /** The App itself, by JWT: only `/app` routes. */
  | { readonly kind: "app" }
  | { readonly kind: "user"; readonly login: string }
  | {
      readonly kind: "installation";
      readonly login: string;
      readonly repositoryIds: ReadonlySet<number>;
      readonly permissions: Permissions;
      readonly expiresAt: string;
    }
  | {
      readonly kind: "job";
      readonly login: string;
      readonly jobId: number;
      readonly repositoryIds: ReadonlySet<number>;
      readonly permissions: Permissions;
    };

export const ACTIONS_LOGIN = "github-actions[bot]";
export const ACTIONS_SLUG = "github-actions";
/** GitHub's own numbers for its Actions App and that App's bot. */
export const ACTIONS_APP_ID = 15_368;
export const ACTIONS_BOT: Account = { id: 41_898_282, login: ACTIONS_LOGIN, type: "Bot" };

const MAX_JWT_SECONDS = 600; // docs.github.com: generating a JSON Web Token for a GitHub App
const JWT_DRIFT_SECONDS = 60; // same page: issue it 60 s in the past against clock drift

/**
 * Reads an `Authorization` header: `Bearer` or `token` with a token or JWT, or `Basic` with the token as password (git).
 * @returns the 401 GitHub answers when the credentials are not good
 */
export function authenticate(state: State, header: string | undefined, nowMs: number): Principal | { readonly refused: Reply } {
  if (header === undefined) return { kind: "anonymous" };
  const credential = credentialOf(header);
  if (credential === null) return { refused: failure(401, "Bad credentials") };
  if (credential.split(".").length === 3 && !credential.startsWith("gh")) return authenticateApp(state, credential, nowMs);
  const token = state.tokens.get(sha256Hex(credential));
  return token === undefined ? { refused: failure(401, "Bad credentials") } : principalOf(state, token, nowMs);
}

function credentialOf(header: string): string | null {
  const [scheme = "", value = ""] = header.split(/ +(.*)/s);
  switch (scheme.toLowerCase()) {
    case "bearer":
    case "token":
      return value.trim();
    case "basic": {
      const [user = "", password = ""] = Buffer.from(value, "base64").toString("utf8").split(/:(.*)/s);
      return password === "" || password === "x-oauth-basic" ? user : password;
    }
    default:
      return null;
  }
}

function principalOf(state: State, token: TokenRecord, nowMs: number): Principal | { readonly refused: Reply } {
  switch (token.kind) {
    case "user":
      return { kind: "user", login: token.login };
    case "installation":
      if (Date.parse(token.expiresAt) <= nowMs) return { refused: failure(401, "Bad credentials") };
      return {
        kind: "installation",
        login: `${state.app.slug}[bot]`,
        repositoryIds: token.repositoryIds,
        permissions: token.permissions,
        expiresAt: token.expiresAt,
      };
    case "job":
      return { kind: "job", login: ACTIONS_LOGIN, jobId: token.jobId, repositoryIds: new Set([token.repositoryId]), permissions: token.permissions };
  }
}

const claimsSchema = z.looseObject({ iss: z.union([z.string(), z.int()]), iat: z.number(), exp: z.number() });

function authenticateApp(state: State, jwt: string, nowMs: number): Principal | { readonly refused: Reply } {
  const [head = "", payload = "", signature = ""] = jwt.split(".");
  const undecodable = { refused: failure(401, "A JSON web token could not be decoded") };
  const header = z.looseObject({ alg: z.literal("RS256") }).safeParse(decodePart(head));
  const claims = claimsSchema.safeParse(decodePart(payload));
  if (!header.success || !claims.success) return undecodable;
  const key = createPublicKey(state.app.publicKeyPem);
  if (!verify("RSA-SHA256", Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, "base64url"))) return undecodable;
  const { iss, iat, exp } = claims.data;
  const now = nowMs / 1000;
  if (String(iss) !== String(state.app.id)) return { refused: failure(401, "Integration not found") };
  if (exp <= now)
    return {
      refused: failure(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"),
    };
  if (exp > now + MAX_JWT_SECONDS + JWT_DRIFT_SECONDS) return { refused: failure(401, "'Expiration time' claim ('exp') is too far in the future") };
  if (iat > now + JWT_DRIFT_SECONDS)
    return { refused: failure(401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued") };
  return { kind: "app" };
}

function decodePart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return null; // the caller's schema refuses it
  }
}

const ROLES: readonly Role[] = ["none", "read", "triage", "write", "maintain", "admin"];

/** Whether a role includes another. */
export const atLeast = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** A person's role in a repository: the owner is admin, everybody may read a public one. */
export function roleOf(repository: RepositoryRecord, login: string): Role {
  if (repository.owner.login.toLowerCase() === login.toLowerCase()) return "admin";
  return repository.roles.get(login.toLowerCase()) ?? (repository.visibility === "public" ? "read" : "none");
}

/** The login a request acts as, or null for one that acts as nobody (anonymous, App by JWT). */
export const loginOf = (principal: Principal): string | null => ("login" in principal ? principal.login : null);
