import { sha256Hex } from "../shared/hash.ts";
import { canonicalJson } from "../shared/json.ts";

export interface DispatchIdentity {
  /** What asked for the run: a label, or a command in a comment. One commit of a pull request is one wish, whoever asks for its review. */
  readonly kind: "issues.labeled" | "issue_comment" | "pull_request.labeled";
  /** The commit under review. */
  readonly headSha?: string;
  readonly commentId?: number;
  /** The one workflow that is run instead of the pipeline. */
  readonly workflow?: string;
  /** A person decides on the plan before anything is made. */
  readonly plan?: true;
  readonly repositoryId: number;
  /** e.g. `issue-12` */
  readonly subject: string;
  readonly textSha256: string;
  readonly attempt: number;
  /** How often this attempt was taken up again after an interrupted run: each needs a run of its own. */
  readonly continuation: number;
}

/** The same wish has the same key, however often and in whatever order it is delivered (faults 25, 26): 32 hex digits. */
export function dispatchKey(identity: DispatchIdentity): string {
  return sha256Hex(canonicalJson(identity)).slice(0, 32);
}
