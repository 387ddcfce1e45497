/** How what comes from outside can come out, for `worktrain pipeline explain`: what the host finds, what a person says. */
import type { ItemEvent, PipelinePolicy } from "../../record/index.ts";
import type { Json } from "../../shared/json.ts";
import type { Look } from "./action.ts";
import type { Question } from "./state.ts";

/** One way in which an action can come out, and what it puts into the log. */
export interface Outcome {
  readonly when: string;
  readonly event: readonly ItemEvent[];
}

export const LOOKS: Readonly<Record<Look["at"], string>> = {
  opened: "nothing is made that somebody else is at, that has to wait, or that is there already",
  classified: "two issues may ask for the same in other words",
};

/** A piece of a proposal. */
export const TICKET: Json = { title: "a piece of the work", body: "what it is" };

type Checked = Extract<ItemEvent, { kind: "intake_checked" }>["data"];

const SOMETHING = [{ kind: "pull-request" as const, what: "a pull request, a run or another issue's work", url: "(its link)" }];
const TAKEN = { sha256: "0".repeat(64), sizeBytes: 0, text: "" };

/** Approved, rejected, and what a reason can change. */
export function answersTo(about: Question): readonly Outcome[] {
  if (about === "interpretation") return (["approved", "rejected"] as const).map((verdict) => ({ when: verdict, event: [{ kind: "interpretation_answered", data: { verdict, by: "a person" } }] }));
  if (about === "plan") return (["approved", "rejected"] as const).map((verdict) => ({ when: verdict, event: [{ kind: "plan_answered", data: { verdict, by: "a person" } }] }));
  const said = (when: string, verdict: "approved" | "rejected", reason?: string): Outcome => ({ when, event: [{ kind: "decomposition_answered", data: { verdict, by: "a person", ...(reason === undefined ? {} : { reason }) } }] });
  return [said("approved", "approved"), said("rejected with a reason", "rejected", "keep it together"), said("rejected with a reason that begins with `stop`", "rejected", "stop")];
}

/** What looking around can find under the policy. @param after what was found before, where it goes on to count */
export function foundBy({ at, missing }: Look, { duplicates, requires = [] }: PipelinePolicy, after: string): readonly Outcome[] {
  const found = (when: string, data: Partial<Checked>): Outcome => ({ when, event: [{ kind: "intake_checked", data: { at, duplicates: [], missing: [], taken: [], passedOver: [], ...data } }] });
  const same = duplicates === "stop" ? [found(at === "opened" ? "a run is at the issue, or an open pull request closes it" : "a run or an open pull request was classified as the same work", { duplicates: SOMETHING })] : [];
  const nothing = found(missing.length > 0 ? "nothing required is missing any more" : `nothing of the kind${after}`, {});
  if (at === "classified" || missing.length > 0) return [nothing, ...same];
  return [
    nothing,
    ...same,
    ...(requires.length === 0 ? [] : [found("something required is missing", { missing: [...requires] })]),
    found("with a spec that the issue links", { taken: [{ path: "(the spec)", as: "direction", ...TAKEN }] }),
    found("with a pitch in the repository", { taken: [{ path: "(the pitch)", as: "pitch", ...TAKEN }] }),
  ];
}
