/** The key that signs tickets where there is no App: made once for a repository, outside of the clone, until it is a secret on GitHub. */
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { publicTicketKey } from "../../../github/trust/index.ts";
import { makeOwnDirectory } from "../../../shared/make-directory.ts";
import { notWritten, writeNew } from "../log/new-file.ts";
import type { CliWorld } from "../command.ts";

export interface TicketKeyFile {
  /** As the workflow file carries it. */
  readonly publicKey: string;
  /** Where the private half is. */
  readonly path: string;
}

/** The key of that name. @param make whether it is made where it is not there; else null @throws TerminalError when it cannot be written, or what is there is none */
export function ticketKeyFile({ environment, fs }: Pick<CliWorld, "environment" | "fs">, name: string, make: boolean): TicketKeyFile | null {
  const directory = join(environment().dataDirectory, "keys");
  const path = join(directory, `${name.replaceAll(/[^A-Za-z0-9._-]+/g, "-")}.pem`);
  if (existsSync(path)) return { publicKey: publicTicketKey(readFileSync(path, "utf8")), path };
  if (!make) return null;
  const pem = generateKeyPairSync("ed25519", { privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" } }).privateKey;
  try {
    makeOwnDirectory(directory);
  } catch (error) {
    throw notWritten(directory, error);
  }
  writeNew(fs, path, new TextEncoder().encode(pem));
  return { publicKey: publicTicketKey(pem), path };
}
