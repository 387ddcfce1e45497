import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/**
 * A token text in the format of 2026: `ghs_<App id>_<JWT>`, about 520 characters. Nothing reads what is in it; the
 * random signature makes it unguessable.
 */
export function mintAppToken(appId: number, nowMs: number): string {
  const issued = Math.floor(nowMs / 1000);
  const payload = { iss: "local-github", aud: "api", iat: issued, exp: issued + 3600, jti: randomBytes(16).toString("hex") };
  return `ghs_${appId}_${part({ alg: "RS256", typ: "JWT", kid: "local" })}.${part(payload)}.${randomBytes(224).toString("base64url")}`;
}

/** A person's token: `ghp_` and 36 letters and digits. */
export const mintUserToken = (): string => `ghp_${randomBytes(27).toString("base64url").replaceAll(/[-_]/g, "0")}`;

/** Downloads of artifacts and logs are signed for one minute (REST docs: the link expires after 1 minute). */
const ARTIFACT_URL_MS = 60_000;

type Kind = "artifacts" | "logs";

/** Signs and checks the addresses of artifacts and jobs' logs. */
export class ArtifactUrls {
  readonly #secret = randomBytes(32);
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  sign(id: number, nowMs: number, kind: Kind = "artifacts"): string {
    const expires = nowMs + ARTIFACT_URL_MS;
    return `${this.#base}/${kind}/${id}?se=${expires}&sig=${this.#signature(`${kind}/${id}`, expires).toString("hex")}`;
  }

  /** The artifact, or the job, whose address it is now; null when it is not ours, changed or too old. */
  open(url: URL, nowMs: number, kind: Kind = "artifacts"): number | null {
    const [, said, digits] = /^\/(artifacts|logs)\/([0-9]+)$/.exec(url.pathname) ?? [];
    const id = said === kind ? Number(digits) : Number.NaN;
    const expires = Number(url.searchParams.get("se") ?? Number.NaN);
    const given = Buffer.from(url.searchParams.get("sig") ?? "", "hex");
    const wanted = this.#signature(`${kind}/${id}`, expires);
    return given.length === wanted.length && timingSafeEqual(given, wanted) && nowMs < expires ? id : null;
  }

  #signature(what: string, expires: number): Buffer {
    return createHmac("sha256", this.#secret).update(`${what}:${expires}`).digest();
  }
}
