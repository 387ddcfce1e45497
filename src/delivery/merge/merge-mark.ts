/**
 * What the check run on a delivered commit says, hidden, of who merges it: so that a person's `merge` or approval, which the App hears, is
 * measured by what the deliver job decided from the verified record. The agent job can write no check run.
 */
import type { Config } from "../../config/index.ts";
import { sha256Hex } from "../../shared/hash.ts";
import { canonicalJson } from "../../shared/json.ts";
import { isWithin, type MergeFacts } from "./decide-merge.ts";

export interface MergeMark {
  /** Everything that does not change afterwards lets GitHub's auto-merge be armed; labels and a person's approval are asked for then. */
  readonly within: boolean;
  /** By which conditions that was decided. */
  readonly policy: string;
}

type Policy = Config["merge"];

/** Of the conditions that a delivered commit is measured by once: whoever changes them has not decided on what was delivered before. */
export const policyDigest = ({ tests, maxRisk, modes, maxFiles, maxLines, humanOnly }: Policy): string => sha256Hex(canonicalJson({ tests, maxRisk, modes, maxFiles, maxLines, humanOnly })).slice(0, 16);

/** Empty where the config does not ask for merging. */
export const mergeMark = (policy: Policy, facts: MergeFacts): string => (policy.auto ? `<!-- worktrain:merge ${isWithin(policy, facts) ? "within" : "person"} policy=${policyDigest(policy)} -->` : "");

/** @param summary of the check run; null where its first line holds no mark */
export function readMergeMark(summary: string): MergeMark | null {
  const [, decided, policy] = /^<!-- worktrain:merge (within|person) policy=([0-9a-f]{16}) -->(?:\r?\n|$)/.exec(summary) ?? [];
  return decided === undefined || policy === undefined ? null : { within: decided === "within", policy };
}
