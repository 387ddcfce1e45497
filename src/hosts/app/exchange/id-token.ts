/** A job's identity token: signature, issuer, audience and times; its claims are what GitHub vouches for (docs: "OpenID Connect reference"). */
import { errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { err, ok, type Result } from "../../../shared/result.ts";

/** Far above any real one (about 1,500 characters). */
const MAX_TOKEN_CHARS = 8_192;
/** Clocks of GitHub and ours may differ. */
const LEEWAY_SECONDS = 30;

const id = z.string().regex(/^\d{1,18}$/).transform(Number).pipe(z.int().min(1));

/** Never `sub`: its form follows a setting of the repository, and its names can come to mean another one. */
const claimsSchema = z.object({
  iat: z.number(),
  exp: z.number(),
  repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  repository_id: id,
  repository_owner_id: id,
  repository_visibility: z.string(),
  event_name: z.string(),
  ref: z.string(),
  workflow_ref: z.string(),
  workflow_sha: z.string().regex(/^[0-9a-f]{40,64}$/),
  // GitHub names the file of every job in them, also where that is the workflow's own.
  job_workflow_ref: z.string(),
  job_workflow_sha: z.string(),
  environment: z.string().optional(),
  run_id: id,
  run_attempt: id,
  check_run_id: id,
  actor_id: id,
  runner_environment: z.string(),
});
export type Claims = z.infer<typeof claimsSchema>;

/** What does not hold; `claim` is its name in the token. */
export interface Wrong {
  readonly claim: string;
  readonly why: string;
}

export interface IdTokenRules {
  readonly key: JWTVerifyGetKey;
  readonly issuer: string;
  readonly audience: string;
  readonly nowMs: number;
}

/** @throws RetryableError when the issuer's keys cannot be had */
export async function readIdToken(token: string, { key, issuer, audience, nowMs }: IdTokenRules): Promise<Result<Claims, Wrong>> {
  if (token.length > MAX_TOKEN_CHARS) return err({ claim: "token", why: `it has ${token.length} characters` });
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["RS256"],
      issuer,
      audience,
      currentDate: new Date(nowMs),
      clockTolerance: LEEWAY_SECONDS,
      requiredClaims: ["iss", "aud", "exp", "iat", "nbf"],
      // Checks `iat` besides: a token from the future, or one that claims a day of life, is none of GitHub's.
      maxTokenAge: "1h",
    });
    // `aud` may be a list: a token that is meant for others too is not taken.
    if (payload.aud !== audience) return err({ claim: "aud", why: "it is meant for others too" });
    const claims = claimsSchema.safeParse(payload);
    if (claims.success) return ok(claims.data);
    const issue = claims.error.issues[0];
    return err({ claim: issue?.path.join(".") ?? "token", why: issue?.message ?? "unknown" });
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return err({ claim: claimOf(error), why: error.code });
  }
}

function claimOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) return error.claim;
  if (error instanceof errors.JOSEAlgNotAllowed) return "alg";
  return error instanceof errors.JWKSNoMatchingKey ? "kid" : "signature";
}
