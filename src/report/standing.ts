/** Where an item or a session stands, in words. I4: done is what was delivered or left, and a log that ends in the middle says so. */
import type { EndingCode } from "../record/index.ts";
import { missingWords } from "../engine/pipeline/index.ts";
import { ENDING_WORDS } from "./ending-words.ts";
import type { ItemView } from "./item-view.ts";
import type { Standing, Tone } from "./report.ts";
import type { SessionView } from "./session-view.ts";

/** Endings at which nothing is wrong, and those that a person or more budget takes further; at the rest something failed. */
const TONES: Partial<Record<EndingCode, Tone>> = {
  ready: "good",
  completed: "good",
  "nothing-to-do": "neutral",
  "awaiting-approval": "waiting",
  "needs-answer": "waiting",
  budget: "waiting",
  "time-limit": "waiting",
  cancelled: "neutral",
  duplicate: "neutral",
  decomposed: "good",
  reported: "waiting",
  unclear: "waiting",
  "waiting-for-artifacts": "waiting",
  // What the review found is told below it: a tick here would be taken for its verdict.
  reviewed: "neutral",
};

export function itemStanding({ ended, delivery, effects, runs, intake, sessions }: ItemView): Standing {
  if (delivery?.outcome === "refused") {
    const headline = ended?.outcome === "deliver" ? "The work is done; publishing it was refused" : "The deliver job refused the record";
    return { tone: "bad", headline, meaning: "What had been published before that is listed; all that was made is in the record.", reason: delivery.reason, next: delivery.reason?.fix ?? null };
  }
  if (ended === null && intake.missing.length > 0 && sessions.length === 0) {
    const { headline, meaning } = ENDING_WORDS["waiting-for-artifacts"];
    return { tone: "waiting", headline: `WorkTrain ${headline}`, meaning, reason: { code: "waiting_for_artifacts", message: missingWords(intake.missing) }, next: "Bring it to the default branch, or set the label; then let it go on." };
  }
  if (ended === null) {
    return { tone: "waiting", headline: "Not at its end", meaning: "The log ends in the middle of the work: a run is at it, waits for a person, or was lost.", reason: null, next: "Where no run is at work and nobody is asked, `/worktrain resume` on the issue goes on from here; for a local task `worktrain resume`." };
  }
  const { headline, meaning, next } = ENDING_WORDS[ended.ending];
  const words = { tone: TONES[ended.ending] ?? "bad", headline: `WorkTrain ${headline}`, meaning, reason: ended.reason };
  if (ended.reason !== null) return { ...words, next: ended.reason.fix };
  if (ended.ending !== "ready") return { ...words, next };
  if (delivery?.outcome === "delivered") {
    const pull = effects.find(({ intent }) => intent === "pull-request");
    return { ...words, headline: pull === undefined ? "WorkTrain delivered the change" : `WorkTrain made pull request #${pull.id}`, next: "Review the pull request." };
  }
  return runs.at(-1)?.host === "local" ? { ...words, next: "Review the local branch that it left." } : { ...words, meaning: `${meaning} Whether it was delivered is not in this log.`, next: "Look for its pull request." };
}

const OUTCOMES = { completed: "good", blocked: "bad", failed: "bad", stopped: "bad" } as const satisfies Record<NonNullable<SessionView["outcome"]>, Tone>;

/** Of several sessions the first one that did not complete decides. */
export function sessionStanding(sessions: readonly SessionView[]): Standing {
  const many = sessions.length === 1 ? "The session" : `Of ${sessions.length} sessions one`;
  const off = sessions.find(({ outcome }) => outcome !== "completed");
  if (off === undefined) return { tone: "good", headline: sessions.length === 1 ? "The session completed its workflow" : `All ${sessions.length} sessions completed`, meaning: "Every step was done or passed over by a decision of the workflow.", reason: null, next: null };
  if (off.outcome === null) return { tone: "waiting", headline: `${many} is not at its end`, meaning: "Its last step is still out.", reason: null, next: `Go on with \`worktrain session next ${off.sessionId}\`.` };
  return { tone: OUTCOMES[off.outcome], headline: `${many} ended ${off.outcome}`, meaning: "It did not come to the end of its workflow.", reason: off.reason, next: null };
}
