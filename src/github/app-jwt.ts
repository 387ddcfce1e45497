/** The token by which an App speaks for itself (docs: "Generating a JSON Web Token (JWT) for a GitHub App"). */
import { createPrivateKey, sign, type KeyObject } from "node:crypto";
import { TerminalError } from "../shared/errors.ts";

/** GitHub takes at most ten minutes; issued a minute in the past against clocks that differ. */
const LIFE_SECONDS = 8 * 60;
const DRIFT_SECONDS = 60;

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** @throws TerminalError when the key is no RSA key; its value is not repeated */
export function appJwt(appId: number, privateKey: string, nowMs: number): string {
  const key = readRsaKey(privateKey);
  const seconds = Math.floor(nowMs / 1_000);
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iat: seconds - DRIFT_SECONDS, exp: seconds + LIFE_SECONDS, iss: appId })}`;
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), key).toString("base64url")}`;
}

const FIX = "Generate a private key on the App's settings page on GitHub and set PRIVATE_KEY to what is in the .pem file.";

function readRsaKey(text: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pemOf(text));
  } catch {
    // OpenSSL's words say nothing to a person, and the value may be a secret in the wrong place.
    throw new TerminalError("The App's private key is not in PEM format.", FIX);
  }
  if (key.asymmetricKeyType !== "rsa") throw new TerminalError("The App's private key is no RSA key, as GitHub's are.", FIX);
  return key;
}

/** A PEM as it is, with `\n` written out (as `.env` files do), or its base64. */
export const pemOf = (value: string): string => (value.includes("-----BEGIN") ? value : Buffer.from(value, "base64").toString("utf8")).replaceAll("\\n", "\n");
