/** By which two tasks that ask for the same are found on GitHub, without opening anybody's record. Apart from the schemas, since it hashes. */
import { sha256Hex } from "../shared/hash.ts";

/**
 * @param deduplicationKey as wr.classify-task hands it over: a few words joined by `-`, in whatever order and spelling
 * @returns 16 hex digits that say nothing of the words; null for a key without a letter or digit
 */
export function taskKeyOf(deduplicationKey: string): string | null {
  const words = new Set(deduplicationKey.normalize("NFKC").toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word !== ""));
  return words.size === 0 ? null : sha256Hex([...words].toSorted().join("-")).slice(0, 16);
}

/** Name of the artifact that a run leaves once it knows what its task asks for: others find it by that name, in one request. */
export const taskKeyArtifact = (taskKey: string): string => `worktrain-task.${taskKey}`;

/** Second line of our pull requests' bodies. It counts only there and only in what our own account wrote. */
export const taskKeyMarker = (taskKey: string): string => `<!-- worktrain:task ${taskKey} -->`;

/** The key in the body of a pull request of ours; null where there is none. */
export const markedTaskKey = (body: string): string | null => /^<!-- worktrain:pull-request [^\n]*-->\r?\n<!-- worktrain:task ([0-9a-f]{16}) -->\r?$/m.exec(body.split("\n").slice(0, 2).join("\n"))?.[1] ?? null;
