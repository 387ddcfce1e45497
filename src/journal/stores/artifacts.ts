import { join } from "node:path";
import type { FileSystem } from "../../shared/ports.ts";
import type { SegmentRef, SegmentStore } from "../segment-store.ts";
import { actionsArtifactClient, type ArtifactClient } from "./actions-artifacts.ts";

export interface ArtifactSegmentStoreOptions {
  readonly runId: number;
  /** A private directory for the file on its way up: the job's RUNNER_TEMP. */
  readonly directory: string;
  readonly fs: FileSystem;
  /** The job's own by default. */
  readonly client?: ArtifactClient;
}

/**
 * Segments as artifacts of the run this job belongs to, one unzipped file each. Its guarantee: GitHub's, for the artifact's retention time.
 */
export function createArtifactSegmentStore({ runId, directory, fs, client = actionsArtifactClient }: ArtifactSegmentStoreOptions): SegmentStore {
  const outgoing = join(directory, "worktrain-segments");
  const refOf = (name: string, { id, digest }: { readonly id: number; readonly digest: string }): SegmentRef => ({ id, runId, name, digest });
  return {
    async put(name, bytes) {
      const path = join(outgoing, name);
      fs.makeDirectory(outgoing);
      fs.writeDurably(path, bytes);
      try {
        return refOf(name, await client.uploadFile(path));
      } finally {
        fs.remove(path);
      }
    },
    async find(name) {
      const found = await client.find(name);
      return found === null ? null : refOf(name, found);
    },
  };
}
