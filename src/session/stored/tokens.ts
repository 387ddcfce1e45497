/**
 * Tokens by which a client goes on with a session: a place in it, and a MAC that says this data directory handed it out.
 *
 * T1. A token names a place, never a right beyond the data directory its key lies in; another directory's is refused.
 * T2. The same place gives the same token, also after a restart: a replay can be told from a new command by the log alone.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../shared/durable-files.ts";
import { type Refusal, TerminalError } from "../../shared/errors.ts";
import { makeOwnDirectory } from "../../shared/make-directory.ts";
import type { Random } from "../../shared/ports.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** Where a session stood when the token was handed out. */
export interface Place {
  readonly sessionId: string;
  /** `-` when the session stands at no node. */
  readonly nodeId: string;
  /** `seq` of the session's last event then. */
  readonly seq: number;
}

export type TokenKind = "continue" | "checkpoint";
export type TokenRefusal = Refusal<"malformed-token" | "foreign-token" | "wrong-token-kind">;

export interface Tokens {
  issue(kind: TokenKind, place: Place): string;
  /** @param kind `any` where a token is only to name a place */
  read(kind: TokenKind | "any", text: string): Result<Place, TokenRefusal>;
}

const KEY_BYTES = 32;
/** Bytes kept of the SHA-256 MAC: 128 bits, beyond guessing, and the token stays short. */
const MAC_BYTES = 16;
const PREFIX = { continue: "wtc", checkpoint: "wtk" } as const satisfies Record<TokenKind, string>;
const TOKEN = /^(wtc|wtk)\.([a-z0-9-]{1,64})\.([A-Za-z0-9_-]{1,64})\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{22})$/;

/** For clients of both kinds. */
const NEW_TOKEN = "With the session's id, resume_session gives a new one over MCP, and `worktrain session next` in a shell.";

export function createTokens(key: Uint8Array): Tokens {
  const mac = (body: string): string => createHmac("sha256", key).update(body).digest().subarray(0, MAC_BYTES).toString("base64url");
  return {
    issue(kind, { sessionId, nodeId, seq }) {
      const body = `${PREFIX[kind]}.${sessionId}.${nodeId}.${seq.toString(36)}`;
      return `${body}.${mac(body)}`;
    },
    read(kind, text) {
      const [, prefix, sessionId = "", nodeId = "", seq = "", tag = ""] = TOKEN.exec(text) ?? [];
      if (prefix === undefined) {
        return err({ kind: "malformed-token", message: "The token is not one of WorkTrain's: it is cut off or altered.", fix: `Send the token exactly as the last answer gave it. ${NEW_TOKEN}` });
      }
      // Compared as text: the last character of base64url has spare bits, and a token must have one spelling.
      if (!timingSafeEqual(Buffer.from(mac(text.slice(0, -tag.length - 1))), Buffer.from(tag))) {
        return err({ kind: "foreign-token", message: "The token was not handed out from this data directory, or it was altered.", fix: `Send the token exactly as the last answer gave it. ${NEW_TOKEN}` });
      }
      if (kind !== "any" && prefix !== PREFIX[kind]) {
        return err({ kind: "wrong-token-kind", message: `This is a ${kind === "continue" ? "checkpoint" : "continue"} token; a ${kind} token is needed here.`, fix: `Send the answer's ${kind}Token.` });
      }
      return ok({ sessionId, nodeId, seq: Number.parseInt(seq, 36) });
    },
  };
}

/**
 * The key of a data directory's tokens; made once, readable by its owner only.
 * @throws TerminalError when the file there is no key
 */
export function openTokenKey(dataDirectory: string, random: Random): Uint8Array {
  const path = join(dataDirectory, "token.key");
  const key = readKey(path) ?? makeKey(path, dataDirectory, random);
  if (key.length === KEY_BYTES) return key;
  throw new TerminalError(`${path} holds ${key.length} bytes; a key has ${KEY_BYTES}.`, "Remove the file: sessions stay, and resume_session gives new tokens.");
}

function readKey(path: string): Uint8Array | null {
  try {
    const key = new Uint8Array(readFileSync(path));
    chmodSync(path, 0o600);
    return key;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** Written under another name and linked: of two processes that make it at once both get the first one's. */
function makeKey(path: string, dataDirectory: string, random: Random): Uint8Array {
  makeOwnDirectory(dataDirectory);
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, random.bytes(KEY_BYTES), { mode: 0o600, flush: true });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return new Uint8Array(readFileSync(path));
}
