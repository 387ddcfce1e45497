/**
 * Requests of the artifact v4 protocol as @actions/artifact 6.2.1 sends them (Twirp, JSON, proto field names).
 * The schemas are ours: this protocol is not in GitHub's OpenAPI description.
 */
import { z } from "zod";

const ids = { workflow_run_backend_id: z.string().min(1), workflow_job_run_backend_id: z.string().min(1) };
/** 64-bit integers are decimal text in proto JSON. */
const int64 = z.string().regex(/^\d{1,19}$/);

export const artifactRequests = {
  CreateArtifact: z.strictObject({
    ...ids,
    name: z.string(),
    version: z.literal([4, 7]),
    expires_at: z.iso.datetime().optional(),
    mime_type: z.string().min(1).optional(),
  }),
  FinalizeArtifact: z.strictObject({
    ...ids,
    name: z.string(),
    // Left out when zero.
    size: int64.default("0"),
    hash: z.string().regex(/^sha256:[0-9a-f]{64}$/).optional(),
  }),
  ListArtifacts: z.strictObject({ ...ids, name_filter: z.string().optional(), id_filter: int64.optional() }),
  GetSignedArtifactURL: z.strictObject({ ...ids, name: z.string() }),
  DeleteArtifact: z.strictObject({ ...ids, name: z.string() }),
} as const;

export type ArtifactMethod = keyof typeof artifactRequests;
export type ArtifactRequest<Method extends ArtifactMethod> = z.infer<(typeof artifactRequests)[Method]>;

export const isArtifactMethod = (name: string): name is ArtifactMethod => Object.hasOwn(artifactRequests, name);

/** Refused in a name: what @actions/artifact refuses, which it says the server refuses too. */
export const FORBIDDEN_IN_NAMES = /["<>:|*?\\/\r\n]/;

/** Twirp's error codes with their HTTP status (Twirp specification v7, "Error Codes"). */
const ERROR_STATUS = {
  malformed: 400,
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  bad_route: 404,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 412,
} as const;

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

export function twirpReply(body: object): Reply {
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

export function twirpError(code: keyof typeof ERROR_STATUS, msg: string): Reply {
  return { status: ERROR_STATUS[code], headers: { "content-type": "application/json" }, body: JSON.stringify({ code, msg }) };
}
