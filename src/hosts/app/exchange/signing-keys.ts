/** The keys an issuer signs identity tokens with, as it publishes them. */
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { RetryableError } from "../../../shared/errors.ts";
import type { Clock, Fetch } from "../../../shared/ports.ts";

/** A key that was withdrawn is taken no longer than this. */
const KEEP_MS = 10 * 60_000;
/** A token with an unknown key makes the keys be fetched anew, though not more often: anybody can send one. */
const ANEW_AFTER_MS = 30_000;
const MAX_KEYS_CHARS = 100_000;

const keysSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })).min(1).max(100) });

/**
 * The key that a token's header names; keys are fetched when they are first wanted, when they are ten minutes old, and when a token names one
 * that is not among them.
 * @throws RetryableError when the issuer does not answer with keys; jose's own errors when it has no such key
 */
export function signingKeys({ issuer, clock, fetch }: { readonly issuer: string; readonly clock: Clock; readonly fetch: Fetch }): JWTVerifyGetKey {
  let known: { readonly find: JWTVerifyGetKey; readonly atMs: number } | null = null;
  const load = async (): Promise<JWTVerifyGetKey> => {
    const find = createLocalJWKSet(await fetchKeys(fetch, `${issuer}/.well-known/jwks`));
    known = { find, atMs: clock.nowMs() };
    return find;
  };
  return async (header, token) => {
    const ageMs = known === null ? Infinity : clock.nowMs() - known.atMs;
    const find = known === null || ageMs > KEEP_MS ? await load() : known.find;
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || ageMs > KEEP_MS || ageMs < ANEW_AFTER_MS) throw error;
      return (await load())(header, token);
    }
  };
}

async function fetchKeys(fetch: Fetch, url: string): Promise<z.infer<typeof keysSchema>> {
  try {
    const response = await fetch(url, { headers: { accept: "application/json" }, redirect: "error" });
    const text = response.ok ? await response.text() : "";
    if (text === "" || text.length > MAX_KEYS_CHARS) throw new Error(`it answered ${response.status} with ${text.length} characters`);
    return keysSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new RetryableError(`The keys of identity tokens could not be read from ${url}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
