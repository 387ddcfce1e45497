/** What the reviewers of an item brought, and what the verdict that rests on them made of each. */
import { CONTRACT } from "../engine/pipeline/index.ts";
import type { Recorded, SessionEvent } from "../record/index.ts";
import { reviewVerdictSchema, type Finding } from "../workflow/index.ts";
import type { HelperName } from "./helper-names.ts";
import { lastArtifact, type ItemSessionView } from "./session-view.ts";

export interface BroughtView extends Pick<Finding, "severity" | "summary" | "file" | "line"> {
  /** The round of review. */
  readonly round: number;
  /** As the verdict names it. */
  readonly id: string;
  readonly reviewer: string;
  /** Null: the verdict does not say. */
  readonly answer: { readonly fate: "taken" | "merged" | "dropped"; readonly reason: string } | null;
}

/** In the order of rounds and reviewers; empty where reviewers handed over no findings of their own, as in logs of early versions. */
export function broughtTo(reviews: readonly ItemSessionView[], streams: ReadonlyMap<string, readonly Recorded<SessionEvent>[]>, names: ReadonlyMap<string, HelperName>): readonly BroughtView[] {
  return reviews.flatMap((review) => {
    if (review.phase !== "review") return [];
    const accounts = reviewVerdictSchema.safeParse(lastArtifact(review, CONTRACT.reviewVerdict)).data?.accounts ?? [];
    return (streams.get(review.sessionId) ?? []).flatMap((event) => {
      if (event.kind !== "child_finished") return [];
      const { childId, sessionId, artifacts } = event.data;
      const findings = reviewVerdictSchema.safeParse(artifacts.findLast(({ contractRef }) => contractRef === CONTRACT.reviewVerdict)?.value).data?.findings ?? [];
      return findings.map(({ severity, summary, file, line }, index): BroughtView => {
        const id = `${childId}#${index + 1}`;
        const account = accounts.find(({ finding }) => finding === id);
        return { severity, summary, file, line, round: review.round, id, reviewer: names.get(sessionId ?? "")?.name ?? childId, answer: account === undefined ? null : { fate: account.fate, reason: account.reason } };
      });
    });
  });
}
