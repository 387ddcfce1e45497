/** The findings of the last review that a person wants dealt with: the record's own, minor ones included. */
import { artifactOf, CONTRACT, type ItemSession, type ItemState } from "../../../engine/pipeline/index.ts";
import { fingerprintOf } from "../../../report/fingerprint.ts";
import type { Refusal } from "../../../shared/errors.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { reviewVerdictSchema } from "../../../workflow/index.ts";

/** @param named ids as the pull request's table shows them, or longer, of any of its reviews; none: all of the last one */
export function askedFindings({ sessions }: Pick<ItemState, "sessions">, named: readonly string[]): Result<readonly JsonObject[], Refusal<"nothing-to-answer">> {
  const reviews = sessions.filter(({ phase, result }) => phase === "review" && result?.outcome === "completed");
  // Of one that was found again, as it was found last.
  const findings = (named.length === 0 ? reviews.slice(-1) : reviews.toReversed()).flatMap((review) => findingsIn(review)).filter(({ id }, index, all) => all.findIndex((each) => each.id === id) === index);
  if (findings.length === 0) return refuse("The last review of what was delivered found nothing.", "Say on the pull request what is to change, as a review that requests changes.");
  const unknown = named.find((id) => !findings.some((each) => each.id.startsWith(id)));
  if (unknown !== undefined) return refuse(`The reviews have no finding ${unknown}.`, `Name one of theirs: ${findings.map(({ id, summary }) => `${id.slice(0, SHOWN_DIGITS)} (${summary.replaceAll(/\s+/g, " ").slice(0, 80)})`).join("; ")}.`);
  return ok(findings.filter(({ id }) => named.length === 0 || named.some((each) => id.startsWith(each))).map(({ finding }) => finding));
}

const findingsIn = (review: ItemSession): readonly { readonly finding: JsonObject; readonly id: string; readonly summary: string }[] =>
  (reviewVerdictSchema.safeParse(artifactOf(review, CONTRACT.reviewVerdict)).data?.findings ?? []).map((finding) => ({ finding: JSON.parse(JSON.stringify(finding)) as JsonObject, id: fingerprintOf(finding, null), summary: finding.summary }));

/** As the table of findings shows them. */
const SHOWN_DIGITS = 8;

const refuse = (message: string, fix: string): Result<never, Refusal<"nothing-to-answer">> => err({ kind: "nothing-to-answer", message, fix });
