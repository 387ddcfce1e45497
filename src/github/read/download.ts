import { z } from "zod";
import { RetryableError, type Refusal } from "../../shared/errors.ts";
import { sha256Hex } from "../../shared/hash.ts";
import type { Clock, Fetch } from "../../shared/ports.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";

/** A segment holds at most one job's growth; a quarter gigabyte is far above any. */
const MAX_ARTIFACT_BYTES = 256 * 1024 * 1024;
const ATTEMPTS = 3;
const RETRY_DELAY_MS = 2_000;

export interface DownloadPorts {
  readonly github: GitHub;
  /** Fetches the signed link, which needs no token and must not get ours. */
  readonly fetch: Fetch;
  readonly clock: Clock;
}

export interface ArtifactWanted {
  readonly id: number;
  /** SHA-256 of the bytes, hex: from GitHub's API or from what names the artifact. */
  readonly digest: string;
  readonly maxBytes?: number;
}

export type DownloadRefusal = Refusal<"artifact-gone" | "artifact-too-large" | "artifact-digest">;

/**
 * The bytes of an artifact that was uploaded as one raw file, whole and with the digest asked for, or a refusal.
 * @throws RetryableError when the store did not answer three times
 */
export async function downloadArtifact(ports: DownloadPorts, repository: Repository, wanted: ArtifactWanted): Promise<Result<Uint8Array, DownloadRefusal>> {
  let failure: { readonly kind: "digest"; readonly actual: string } | { readonly kind: "outage"; readonly message: string } | null = null;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (attempt > 1) await ports.clock.sleep(RETRY_DELAY_MS * (attempt - 1));
    const link = await artifactLink(ports.github, repository, wanted.id);
    if (link === null) return err(gone(wanted.id));
    const fetched = await fetchBytes(ports.fetch, link, wanted.maxBytes ?? MAX_ARTIFACT_BYTES);
    if (fetched.kind === "too-large") return err(tooLarge(wanted));
    if (fetched.kind === "outage") {
      failure = fetched;
      continue;
    }
    const actual = sha256Hex(fetched.bytes);
    if (actual === wanted.digest) return ok(fetched.bytes);
    failure = { kind: "digest", actual };
  }
  if (failure?.kind === "digest") {
    return err({
      kind: "artifact-digest",
      message: `Artifact ${wanted.id} has SHA-256 ${failure.actual}, not ${wanted.digest}, in ${ATTEMPTS} downloads.`,
      fix: "It is damaged or was replaced; start a new attempt by labelling again.",
    });
  }
  throw new RetryableError(`Artifact ${wanted.id} could not be downloaded: ${failure?.message ?? "no answer"}.`);
}

const locationSchema = z.url({ protocol: /^https?$/ });

/** The signed link behind the redirect, valid for a minute; null when the artifact is gone or expired. */
async function artifactLink(github: GitHub, repository: Repository, id: number): Promise<string | null> {
  try {
    const response = await github.request("GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}", {
      ...repository,
      artifact_id: id,
      archive_format: "zip",
      request: { redirect: "manual" },
    });
    return parseAnswer(locationSchema, response.headers["location"], "the download of an artifact (its Location header)");
  } catch (error) {
    if (hasStatus(error, 404, 410)) return null;
    throw error;
  }
}

type Fetched =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large" }
  | { readonly kind: "outage"; readonly message: string };

async function fetchBytes(fetch: Fetch, link: string, maxBytes: number): Promise<Fetched> {
  try {
    const response = await fetch(link);
    if (!response.ok || response.body === null) return { kind: "outage", message: `the store answered ${response.status}` };
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body) {
      size += chunk.byteLength;
      if (size > maxBytes) return { kind: "too-large" }; // Leaving the loop cancels the body.
      chunks.push(chunk);
    }
    return { kind: "bytes", bytes: Buffer.concat(chunks) };
  } catch (error) {
    return { kind: "outage", message: error instanceof Error ? error.message : String(error) };
  }
}

const gone = (id: number): DownloadRefusal => ({
  kind: "artifact-gone",
  message: `Artifact ${id} is not there any more: expired, or deleted with its run.`,
  fix: "Start a new attempt by labelling again.",
});

const tooLarge = (wanted: ArtifactWanted): DownloadRefusal => ({
  kind: "artifact-too-large",
  message: `Artifact ${wanted.id} is larger than ${wanted.maxBytes ?? MAX_ARTIFACT_BYTES} bytes.`,
  fix: "No segment of WorkTrain is; start a new attempt by labelling again.",
});
