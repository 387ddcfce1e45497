import type { CommitFacts, WholePullRequest } from "../../../github/read/index.ts";
import type { ItemView } from "../../../report/index.ts";
import { byGitHub } from "./told.ts";
import type { Attested } from "./verify-log.ts";

/** The head commit against the files that were reviewed, and what it comes after: what was delivered before, and the base that was merged into it. */
export function headOf({ pull, head }: { readonly pull: Pick<WholePullRequest, "headSha">; readonly head: Pick<CommitFacts, "tree" | "parents"> | null }, { tree, base }: { readonly tree: string; readonly base: string }, followUp: ItemView["followUps"][number] | undefined): readonly Attested[] {
  const parents = head?.parents ?? [];
  const wanted = followUp === undefined ? [base] : [followUp.headSha, ...(followUp.onto === undefined ? [] : [followUp.onto.base.sha])];
  const after = followUp === undefined ? `its only parent is the base ${base} that the work was done on` : `it comes after the commit ${followUp.headSha} that was delivered before${followUp.onto === undefined ? "" : `, and merges ${followUp.onto.base.sha} into it`}`;
  return [
    byGitHub(head?.tree === tree, `the head commit ${pull.headSha} holds the reviewed files (tree ${tree})`, `the head moved: commit ${pull.headSha} holds tree ${head?.tree ?? "(none)"}, and what was reviewed and delivered is tree ${tree}`),
    byGitHub(parents.join(" ") === wanted.join(" "), after, `its parents are ${parents.join(", ") || "none"}; what was delivered is one commit on ${wanted.join(" and ")}`),
  ];
}
