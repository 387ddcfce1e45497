/** The issuer of the local GitHub Actions: signs identity tokens of jobs with keys of its own, which it publishes (docs: "OpenID Connect reference"). */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { TerminalError } from "../../../../shared/errors.ts";
import type { Clock } from "../../../../shared/ports.ts";

export type IdentityClaims = Readonly<Record<string, string>>;

export interface IdentityService {
  /** `iss` of its tokens; keys are at `/.well-known/jwks`. */
  readonly issuer: string;
  /** For a job with `id-token: write`: where its steps ask, and with what. `revoke` it when the job is over. */
  openJob(claims: IdentityClaims): { readonly url: string; readonly token: string; revoke(): void };
  /** Signs with a new key from now on; the old one is withdrawn. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

/** Not on GitHub's page; observed. */
const LIFE_SECONDS = 300;

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly shown: JWK;
}

export async function startIdentityService({ clock }: { readonly clock: Pick<Clock, "nowMs"> }): Promise<IdentityService> {
  const jobs = new Map<string, IdentityClaims>();
  let key = await newKey();
  const server = createServer((request, response) => {
    respond(request).then(
      ({ status, body }) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const issuer = await listen(server);

  const respond = async (request: IncomingMessage): Promise<{ readonly status: number; readonly body: unknown }> => {
    const url = new URL(request.url ?? "/", issuer);
    if (url.pathname === "/.well-known/jwks") return { status: 200, body: { keys: [key.shown] } };
    if (url.pathname === "/.well-known/openid-configuration") return { status: 200, body: { issuer, jwks_uri: `${issuer}/.well-known/jwks`, id_token_signing_alg_values_supported: ["RS256"] } };
    if (url.pathname !== "/idtoken") return { status: 404, body: { message: "Not Found" } };
    const claims = jobs.get(/^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "");
    if (claims === undefined) return { status: 401, body: { message: "The token is not valid, or its job is over." } };
    const audience = url.searchParams.get("audience") ?? `https://github.com/${claims["repository_owner"] ?? ""}`;
    return { status: 200, body: { count: 1, value: await sign(claims, audience) } };
  };
  const sign = (claims: IdentityClaims, audience: string): Promise<string> => {
    const now = Math.floor(clock.nowMs() / 1_000);
    return new SignJWT({ ...claims, jti: randomBytes(16).toString("hex") })
      .setProtectedHeader({ typ: "JWT", alg: "RS256", kid: key.kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(now)
      .setNotBefore(now - 10)
      .setExpirationTime(now + LIFE_SECONDS)
      .sign(key.privateKey);
  };

  return {
    issuer,
    openJob(claims) {
      const token = randomBytes(32).toString("base64url");
      jobs.set(token, claims);
      return { url: `${issuer}/idtoken?api-version=2.0`, token, revoke: () => void jobs.delete(token) };
    },
    async rotate() {
      key = await newKey();
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function newKey(): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const kid = randomBytes(16).toString("hex");
  return { kid, privateKey, shown: { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" } };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TerminalError("The issuer of identity tokens has no port.", "Report this: it was asked to listen on 127.0.0.1.");
  return `http://127.0.0.1:${address.port}`;
}
