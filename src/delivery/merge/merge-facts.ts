import type { Config } from "../../config/index.ts";
import type { ItemView, Proof } from "../../report/index.ts";
import { verdictOf } from "../../workflow/index.ts";
import type { Change, ChangedFile } from "../change.ts";
import type { VerifiedTree } from "../verified.ts";
import { changedLines } from "./changed-lines.ts";
import type { MergeFacts } from "./decide-merge.ts";
import { dependencyConcerns, type TextChange } from "./dependencies.ts";

/** A file of the base commit: its text, null where it is not there, `unread` where it is no text or too long for one. */
export type BaseText = string | null | { readonly unread: true };

export interface MergeSources {
  readonly policy: Config["merge"];
  readonly view: ItemView;
  readonly change: Change;
  readonly proof: Proof;
  readonly verified: VerifiedTree | null;
  readonly labels: readonly string[];
  /** Of the changed paths, by path; empty where they were not asked for. */
  readonly baseTexts: ReadonlyMap<string, BaseText>;
}

export function mergeFacts({ policy, view, change, proof, verified, labels, baseTexts }: MergeSources): MergeFacts {
  const texts = change.files.map((file) => textChange(file, baseTexts));
  return {
    // The findings too: whether blocking ones led to an audit is the record's word, that they were there is the reviews'.
    escalated: view.escalated || view.ended?.escalated === true || view.findings.some(({ severity }) => verdictOf({ verdict: "clean", findings: [{ severity }] }) === "blocking"),
    proof: proof.result,
    reviewClean: proof.rows.some(({ gate, result }) => gate === "review" && result === "holds"),
    verified: verified !== null && verified.claim.sandbox === "bubblewrap",
    risk: view.classification?.riskLevel ?? null,
    mode: view.mode?.mode ?? null,
    files: change.files.map((file) => ({ path: file.path, link: file.kind === "content" && file.mode === "120000" })),
    lines: texts.reduce<number | null>((sum, text) => (sum === null || text === null ? null : sum + changedLines(text.before ?? "", text.after ?? "")), 0),
    leftOut: change.unsupported.length,
    dependencies: change.files.flatMap((file, index) => dependencyConcerns(texts[index] ?? { path: file.path, before: null, after: null }, policy.humanOnly.dependencies)),
    labels,
  };
}

/** Null where either side is no text. */
function textChange(file: ChangedFile, baseTexts: MergeSources["baseTexts"]): TextChange | null {
  const before = baseTexts.get(file.path);
  if (before === undefined || (before !== null && typeof before !== "string")) return null;
  if (file.kind === "deleted") return { path: file.path, before, after: null };
  if (file.bytes.includes(0)) return null;
  try {
    return { path: file.path, before, after: new TextDecoder("utf-8", { fatal: true }).decode(file.bytes) };
  } catch {
    return null; // Not UTF-8.
  }
}
