/**
 * The official artifact client behind a narrow port. It stands in a file of its own and loads the package only when something is
 * uploaded, so that the bundle keeps it as a lazy chunk.
 *
 * The client reads the environment by itself: ACTIONS_RUNTIME_TOKEN, ACTIONS_RESULTS_URL, GITHUB_SERVER_URL (must be github.com,
 * *.ghe.com or *.localhost), GITHUB_WORKSPACE and ACTIONS_ARTIFACT_UPLOAD_*. It prints its progress to stdout.
 */
import { basename, dirname } from "node:path";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { NameTakenError } from "../segment-store.ts";

export interface UploadedFile {
  readonly id: number;
  /** SHA-256, 64 hex digits. */
  readonly digest: string;
}

/** Artifacts of the job's own run, one unzipped file each; an artifact's name is its file's name. */
export interface ArtifactClient {
  /** @throws RetryableError, NameTakenError or TerminalError, as `SegmentStore.put` */
  uploadFile(path: string): Promise<UploadedFile>;
  /** Null when this run has no finished artifact of that name. @throws RetryableError */
  find(name: string): Promise<UploadedFile | null>;
}

/** The client of the job this process runs in. */
export const actionsArtifactClient: ArtifactClient = {
  async uploadFile(path) {
    const { DefaultArtifactClient } = await import("@actions/artifact");
    const name = basename(path);
    try {
      // skipArchive (6.x): the file goes up as it is, the artifact takes its base name, the digest is of the file itself.
      const { id, digest } = await new DefaultArtifactClient().uploadArtifact(name, [path], dirname(path), { skipArchive: true });
      if (id === undefined || digest === undefined) throw new Error("the service named no id or digest");
      return { id, digest };
    } catch (error) {
      throw uploadFailure(name, error);
    }
  },
  async find(name) {
    const { ArtifactNotFoundError, DefaultArtifactClient } = await import("@actions/artifact");
    try {
      const { artifact } = await new DefaultArtifactClient().getArtifact(name);
      return artifact.digest === undefined ? null : { id: artifact.id, digest: artifact.digest.replace(/^sha256:/, "") };
    } catch (cause) {
      if (cause instanceof ArtifactNotFoundError) return null;
      throw new RetryableError(`Looking up artifact ${name} failed: ${textOf(cause)}`, { cause });
    }
  },
};

/**
 * Downloads an artifact of the job's own run into a directory that is there, as one file of its name. The job's runtime token reads it:
 * no permission of `GITHUB_TOKEN` is needed (P-artifacts).
 * @throws RetryableError
 */
export async function downloadOwnArtifact({ id, directory }: { readonly id: number; readonly directory: string }): Promise<void> {
  const { DefaultArtifactClient } = await import("@actions/artifact");
  try {
    await new DefaultArtifactClient().downloadArtifact(id, { path: directory });
  } catch (cause) {
    throw new RetryableError(`Downloading artifact ${id} failed: ${textOf(cause)}`, { cause });
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The client turns the service's answers into text (6.2.1: `artifact-twirp-client.js` wraps even its own UsageError), so the text
 * is all there is to tell them apart. It has tried five times itself by then.
 */
function uploadFailure(name: string, cause: unknown): Error {
  const text = textOf(cause);
  const message = `Uploading artifact ${name} failed: ${text}`;
  if (/storage quota|insufficient usage/i.test(text)) {
    return new TerminalError(message, "The account's artifact storage is full: delete old artifacts, shorten their retention or raise the spending limit; usage is counted anew every 6 to 12 hours.", { cause });
  }
  if (/\(409\)|already exists/i.test(text)) return new NameTakenError(message, { cause });
  // The client repeats this call when its answer is lost, and what was finished by the first is refused to the second (fault 15).
  if (/Failed to FinalizeArtifact/.test(text)) return new RetryableError(message, { cause });
  if (/non-retryable|not currently supported|Unable to get the ACTIONS_|Invalid value|artifact name is not valid/i.test(text)) {
    return new TerminalError(message, "Check that the job runs on GitHub Actions and that the repository's settings allow artifacts.", { cause });
  }
  return new RetryableError(message, { cause });
}
