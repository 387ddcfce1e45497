/**
 * The methods of `github.actions.results.api.v1.ArtifactService`.
 * A1. A token writes and reads only its own run's artifacts.
 * A2. A name is taken from its creation on, and unique in its run; an artifact never changes once finalized.
 * A3. An artifact exists for others only when its size and digest were what the client said.
 */
import type { z } from "zod";
import { unreachable } from "../../../../shared/unreachable.ts";
import type { ActionsPort } from "../../github/actions-port.ts";
import { artifactRequests, FORBIDDEN_IN_NAMES, twirpError, twirpReply, type ArtifactMethod, type ArtifactRequest, type Reply } from "./artifact-messages.ts";
import type { BlobDescription } from "./blob-requests.ts";
import type { BlobStore } from "./blob-store.ts";
import type { BackendIds } from "./runtime-tokens.ts";
import type { BlobPermission } from "./signed-urls.ts";

/** GitHub's limit on artifacts of one job (docs: upload-artifact, limitations). */
const MAX_ARTIFACTS_PER_JOB = 500;

export type ArtifactRecords = Pick<ActionsPort, "addArtifact" | "listArtifacts" | "deleteArtifact">;

export interface ArtifactMethodsOptions {
  readonly records: ArtifactRecords;
  readonly blobs: BlobStore;
  /** The REST number of a run. */
  runIdOf(runBackendId: string): number;
  signedUrl(runBackendId: string, blobId: string, permission: BlobPermission): string;
}

interface Upload {
  readonly name: string;
  readonly jobBackendId: string;
  readonly blobId: string;
  readonly contentType: string;
}

export interface ArtifactMethods {
  /** One call by the holder of a checked token. */
  call(method: ArtifactMethod, body: unknown, caller: BackendIds): Reply;
  /** What a finalized artifact's blob is served as. */
  readonly describe: (blobId: string) => BlobDescription | null;
}

export function createArtifactMethods(options: ArtifactMethodsOptions): ArtifactMethods {
  const table = new ArtifactTable(options);
  return {
    describe: (blobId) => table.describe(blobId),
    call(method, body, caller) {
      switch (method) {
        case "CreateArtifact":
          return checked(artifactRequests.CreateArtifact, body, caller, (request) => table.create(request, caller));
        case "FinalizeArtifact":
          return checked(artifactRequests.FinalizeArtifact, body, caller, (request) => table.finalize(request, caller));
        case "ListArtifacts":
          return checked(artifactRequests.ListArtifacts, body, caller, (request) => table.list(request, caller));
        case "GetSignedArtifactURL":
          return checked(artifactRequests.GetSignedArtifactURL, body, caller, (request) => table.signedUrl(request, caller));
        case "DeleteArtifact":
          return checked(artifactRequests.DeleteArtifact, body, caller, (request) => table.delete(request, caller));
        default:
          return unreachable(method);
      }
    },
  };
}

function checked<Request extends { readonly workflow_run_backend_id: string }>(
  schema: z.ZodType<Request>,
  body: unknown,
  caller: BackendIds,
  answer: (request: Request) => Reply,
): Reply {
  const parsed = schema.safeParse(body);
  if (!parsed.success) return twirpError("malformed", parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "));
  // A1
  if (parsed.data.workflow_run_backend_id !== caller.runBackendId) return twirpError("permission_denied", "the token is for another workflow run");
  return answer(parsed.data);
}

class ArtifactTable {
  readonly #options: ArtifactMethodsOptions;
  /** Created and not yet finalized, by run and name. */
  readonly #pending = new Map<string, Upload>();
  /** Finalized, by artifact id. */
  readonly #finalized = new Map<number, Upload>();
  readonly #createdByJob = new Map<string, number>();

  constructor(options: ArtifactMethodsOptions) {
    this.#options = options;
  }

  create(request: ArtifactRequest<"CreateArtifact">, caller: BackendIds): Reply {
    const { name } = request;
    if (request.workflow_job_run_backend_id !== caller.jobBackendId) return twirpError("permission_denied", "CreateArtifact: the token is for another job");
    if (name === "" || FORBIDDEN_IN_NAMES.test(name)) return twirpError("invalid_argument", `the artifact name ${JSON.stringify(name)} is empty or holds a character that is not allowed`);
    // A2
    if (this.#pending.has(pendingKey(caller, name)) || this.#find(caller, name) !== null) {
      return twirpError("already_exists", "an artifact with this name already exists on the workflow run");
    }
    const created = this.#createdByJob.get(caller.jobBackendId) ?? 0;
    // GitHub documents the limit, not its answer; this one is not retried by the client.
    if (created >= MAX_ARTIFACTS_PER_JOB) return twirpError("failed_precondition", `a job can have at most ${MAX_ARTIFACTS_PER_JOB} artifacts`);
    this.#createdByJob.set(caller.jobBackendId, created + 1);
    const upload = { name, jobBackendId: caller.jobBackendId, blobId: this.#options.blobs.create(), contentType: request.mime_type ?? "application/zip" };
    this.#pending.set(pendingKey(caller, name), upload);
    return twirpReply({ ok: true, signed_upload_url: this.#options.signedUrl(caller.runBackendId, upload.blobId, "write") });
  }

  finalize(request: ArtifactRequest<"FinalizeArtifact">, caller: BackendIds): Reply {
    const key = pendingKey(caller, request.name);
    const upload = this.#pending.get(key);
    // Also when it has been finalized before: whoever lost the answer has to look the artifact up.
    if (upload?.jobBackendId !== caller.jobBackendId) return twirpError("not_found", `this job has no unfinished artifact ${JSON.stringify(request.name)}`);
    const blob = this.#options.blobs.committed(upload.blobId);
    if (blob === null) return twirpError("failed_precondition", "nothing has been uploaded for this artifact");
    // A3
    if (String(blob.size) !== request.size) return twirpError("invalid_argument", `the upload has ${blob.size} bytes, not ${request.size}`);
    const digest = `sha256:${blob.sha256}`;
    if (request.hash !== undefined && request.hash !== digest) return twirpError("invalid_argument", `the upload's digest is ${digest}, not ${request.hash}`);
    this.#options.blobs.seal(upload.blobId);
    const { id } = this.#options.records.addArtifact(this.#options.runIdOf(caller.runBackendId), {
      name: request.name,
      size: blob.size,
      digest,
      bytesPath: blob.path,
      contentType: upload.contentType,
    });
    this.#pending.delete(key);
    this.#finalized.set(id, upload);
    return twirpReply({ ok: true, artifact_id: String(id) });
  }

  list(request: ArtifactRequest<"ListArtifacts">, caller: BackendIds): Reply {
    const artifacts = this.#listing(caller)
      .filter((artifact) => request.name_filter === undefined || artifact.name === request.name_filter)
      .filter((artifact) => request.id_filter === undefined || String(artifact.id) === request.id_filter)
      .map((artifact) => ({
        workflow_run_backend_id: caller.runBackendId,
        workflow_job_run_backend_id: this.#finalized.get(artifact.id)?.jobBackendId ?? caller.jobBackendId,
        database_id: String(artifact.id),
        name: artifact.name,
        size: String(artifact.size),
        created_at: artifact.createdAt,
        digest: artifact.digest,
      }));
    return twirpReply({ artifacts });
  }

  signedUrl(request: ArtifactRequest<"GetSignedArtifactURL">, caller: BackendIds): Reply {
    const upload = this.#find(caller, request.name)?.upload;
    if (upload === undefined) return twirpError("not_found", `the run has no artifact ${JSON.stringify(request.name)}`);
    return twirpReply({ name: request.name, signed_url: this.#options.signedUrl(caller.runBackendId, upload.blobId, "read") });
  }

  delete(request: ArtifactRequest<"DeleteArtifact">, caller: BackendIds): Reply {
    const found = this.#find(caller, request.name);
    if (found === null) return twirpError("not_found", `the run has no artifact ${JSON.stringify(request.name)}`);
    this.#options.records.deleteArtifact(this.#options.runIdOf(caller.runBackendId), request.name);
    this.#finalized.delete(found.id);
    this.#options.blobs.remove(found.upload.blobId);
    return twirpReply({ ok: true, artifact_id: String(found.id) });
  }

  describe(blobId: string): BlobDescription | null {
    const upload = [...this.#finalized.values()].find((candidate) => candidate.blobId === blobId);
    if (upload === undefined) return null;
    return { contentType: upload.contentType, fileName: upload.contentType === "application/zip" ? `${upload.name}.zip` : upload.name };
  }

  #listing(caller: BackendIds): ReturnType<ArtifactRecords["listArtifacts"]> {
    return this.#options.records.listArtifacts(this.#options.runIdOf(caller.runBackendId));
  }

  #find(caller: BackendIds, name: string): { readonly id: number; readonly upload: Upload } | null {
    const listed = this.#listing(caller).find((artifact) => artifact.name === name);
    const upload = listed === undefined ? undefined : this.#finalized.get(listed.id);
    return listed === undefined || upload === undefined ? null : { id: listed.id, upload };
  }
}

const pendingKey = (caller: BackendIds, name: string): string => `${caller.runBackendId}/${name}`;
