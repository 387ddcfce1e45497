/**
 * The commit point of a delivery: the item's record ref, and with it the branch where there are files.
 *
 * I2. Both move together or not at all, from where they were seen; whoever is there first stays. The look afterwards tells who it was.
 */
import type { DeliveryState } from "../../github/read/index.ts";
import { createCommit, moveRefsInOrder, updateRefs, type RefMove } from "../../github/write/index.ts";
import type { RecordWish } from "../intents.ts";
import { stopEffect, type OutletContext } from "./outlet.ts";

/** git's name of the tree without entries, in either form of object names; GitHub takes it without its being made (P-empty-tree). */
const EMPTY_TREE: Readonly<Record<number, string>> = {
  40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
  64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
};

/** Whether the record says it already. Stops where another run was faster. */
export function isCommitted(context: Pick<OutletContext, "fence">, { record }: Pick<DeliveryState, "record">): boolean {
  const fence = context.fence(record);
  return fence.kind === "fenced" ? stopEffect(fence.refusal) : fence.kind === "committed";
}

export interface CommitPoint {
  readonly record: RecordWish;
  readonly oidLength: number;
  /** The branch that is made with it, or moved from `from`, if one is. */
  readonly branch: { readonly ref: string; readonly sha: string; readonly from: string | null } | null;
}

/** The refs were moved by us, the record to a commit (null where it said so before, or is refused); or somebody else moved one, or GitHub refused it in the words of `said`. */
export type Committing = { readonly kind: "moved"; readonly record: string | null } | { readonly kind: "elsewhere"; readonly said?: string };

export async function commitRefs(context: OutletContext, seen: DeliveryState, point: CommitPoint): Promise<Committing> {
  const moves = await movesOf(context, seen, point);
  const record = moves.find(({ ref }) => ref === point.record.ref)?.after ?? null;
  if (moves.length === 0) return { kind: "moved", record };
  const together = await updateRefs(context.github, seen.repository.nodeId, moves);
  if (together.kind === "moved") return { kind: "moved", record };
  const now = await context.look();
  if (hasMoved(context, { seen, now, moves })) return { kind: "elsewhere" };
  // Nobody was there, so it is `updateRefs` or the kind of ref that is refused.
  const single = await moveRefsInOrder(context.github, context.repository, moves);
  if (single.kind === "moved") return { kind: "moved", record };
  if (single.ref !== point.record.ref || context.fence((await context.look()).record).kind !== "free") return { kind: "elsewhere", said: single.message };
  context.note(`GitHub does not take the record ref ${point.record.ref} (${single.message}); that no other run of this item delivers at the same time rests on the branch alone.`);
  return { kind: "moved", record: null };
}

/** The branch where it is not there yet, or still where the last delivery left it; the record where it does not say it yet; the branch first, for where they move one by one. */
async function movesOf(context: OutletContext, seen: DeliveryState, { record, oidLength, branch }: CommitPoint): Promise<readonly RefMove[]> {
  const fence = context.fence(seen.record);
  if (fence.kind === "fenced") return stopEffect(fence.refusal);
  const moves: RefMove[] = branch === null || (seen.branch?.sha ?? null) !== branch.from ? [] : [{ ref: branch.ref, before: branch.from, after: branch.sha }];
  if (fence.kind === "committed") return moves;
  const commit = await createCommit(context.github, context.repository, { message: record.message, tree: EMPTY_TREE[oidLength] ?? "", parents: fence.before === null ? [] : [fence.before] });
  return [...moves, { ref: record.ref, before: fence.before, after: commit.sha }];
}

/** Whether one of the refs is not where it was seen any more. */
function hasMoved({ fence }: OutletContext, { seen, now, moves }: { readonly seen: DeliveryState; readonly now: DeliveryState; readonly moves: readonly RefMove[] }): boolean {
  const branchMoved = moves.some(({ ref }) => ref.startsWith("refs/heads/")) && now.branch?.sha !== seen.branch?.sha;
  return branchMoved || fence(now.record).kind !== "free";
}
