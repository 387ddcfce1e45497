/** Parts that the played model's turns are made of. */
import type { Json } from "../../../shared/json.ts";
import type { AnswerBlock } from "../model/answer.ts";
import type { Turn, View } from "../model/player.ts";

/** A turn: what is thought, then what is done. */
export const say = (thinking: string, ...blocks: readonly AnswerBlock[]): readonly AnswerBlock[] => [{ type: "thinking", thinking }, ...blocks];
export const use = (name: string, input: Json): AnswerBlock => ({ type: "tool_use", name, input });
export const read = (path: string): AnswerBlock => use("read", { path });
export const bash = (command: string): AnswerBlock => use("bash", { command });

/** Whether a tool of the last turn failed. */
export const failed = (view: View, name: string): boolean => view.lastToolResults.some((each) => each.name === name && each.isError);

/** The turns of a workflow that is run for two things. As in a list alone, plain turns are not played after a failed tool. */
export const oneOf = (choose: (view: View) => readonly Turn[]) => (view: View): Turn => {
  const turn = choose(view)[view.turnIndex];
  if (turn === undefined) return [{ type: "text", text: "I have nothing left to do here." }];
  const broken = view.lastToolResults.find(({ isError }) => isError);
  return typeof turn === "function" || broken === undefined ? turn : [{ type: "text", text: `I did not expect that ${broken.name} fails: ${broken.text.slice(0, 500)}` }];
};

/** The coding workflow: a change at first, and later the findings of its review. */
export const codeOrFix = (code: readonly Turn[], fix: readonly Turn[]) => oneOf((view) => (view.firstMessage.includes("(resolve-findings)") ? fix : code));

export interface Change {
  readonly old: string;
  readonly new: string;
}
/** Edits of one file, in order; each old text stands in it once. It is read first: who read it before may have worked on another machine. */
export const edits = (path: string, changes: readonly Change[]): readonly AnswerBlock[] => [read(path), ...changes.map((change) => use("edit", { path, old_string: change.old, new_string: change.new }))];

/** Completes a step with values for later steps. */
export const handIn = (notes: string, context: Readonly<Record<string, Json>>): AnswerBlock => use("complete_step", { notes, artifacts: [], context: { ...context } });

/** Completes a step, with an artifact where its contract asks for one. */
export const completeStep = (notes: string, contractRef?: string, value?: Readonly<Record<string, unknown>>): AnswerBlock =>
  use("complete_step", { notes, artifacts: contractRef === undefined ? [] : [{ contractRef, value: plain(value) }], context: {} });

/** Without what is undefined, as it would be written. */
const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

export const result = (notes: string, summary: string, outcome: "success" | "partial" | "failed" = "success"): AnswerBlock => completeStep(notes, "wr.contracts.coordinator_result", { outcome, summary });

/** Completes the step that classifies. @param task what differs from a plain task: no UI, no architecture, no ambiguity */
export const classified = (notes: string, task: Readonly<Record<string, unknown>>): AnswerBlock =>
  completeStep(notes, "wr.contracts.classification", { hasUi: false, touchesArchitecture: false, ambiguities: [], ...task });

export interface Handover {
  readonly title: string;
  readonly body: string;
  readonly files: readonly string[];
  readonly tests?: readonly string[];
  readonly sideEffects?: readonly string[];
  readonly decisions?: readonly string[];
  readonly limitations?: readonly string[];
}
/** Completes the step that hands a change over. */
export const handOver = ({ title, body, files, tests = [], sideEffects = [], decisions = [], limitations = [] }: Handover): AnswerBlock =>
  completeStep("Handed over.", "wr.contracts.coding_handoff", { prTitle: title, prBody: body, commitSubject: title, filesChanged: files, testsAdded: tests, sideEffects, keyDecisions: decisions, knownLimitations: limitations });

export interface Found {
  readonly severity: "critical" | "major" | "minor";
  readonly summary: string;
  readonly findingCategory: string;
  readonly file: string;
  /** Where it is, or should be. */
  readonly line: number;
  readonly evidence: string;
  readonly remediation: string;
  /** A command that fails as long as the problem is there. */
  readonly reproduce?: string;
}
/** Findings of reviewers that the step's list asks to be answered, by their ids. */
const brought = (view: View): readonly string[] => [...new Set([view.firstMessage, ...view.toolResults.map(({ text }) => text)].flatMap((text) => [...text.matchAll(/^(n[\w.]+#(?:\d+|verdict)): /gm)].map(([, id = ""]) => id)))];
/** The answers of a judge who found one cause behind all that was brought. */
export const oneCause = (view: View, reason: string): readonly Json[] => brought(view).map((finding, index) => ({ finding, fate: index === 0 ? "taken" : "merged", as: 1, reason }));

/** Completes the step that judges a change: clean without findings. @param accounts answers for what reviewers brought */
export const judge = (summary: string, findings: readonly Found[], accounts: readonly Json[] = []): AnswerBlock =>
  completeStep(findings.length === 0 ? "No finding." : `${findings.length} ${findings.length === 1 ? "finding" : "findings"}.`, "wr.contracts.review_verdict", {
    verdict: findings.length === 0 ? "clean" : findings.every(({ severity }) => severity === "minor") ? "minor" : "blocking",
    confidence: "high",
    summary,
    findings,
    ...(accounts.length === 0 ? {} : { accounts }),
  });

/** The last result of a tool in this turn; empty where there is none. */
export const lastResult = (view: View, name: string): string => view.lastToolResults.findLast((each) => each.name === name)?.text.trim() ?? "";
/** The end of what a tool answered, as notes quote it. */
export const quoted = (view: View, name: string): string => `\n\n\`\`\`\n${lastResult(view, name).slice(-600)}\n\`\`\``;

/** What the reads of the last turn showed, one after the other, without the line numbers. */
export const filesRead = (view: View): string => view.lastToolResults.flatMap(({ name, text }) => (name === "read" ? [text.replaceAll(/^ *\d+\t/gm, "")] : [])).join("\n");
/** The number of the first line of what was read that holds a text; 1 where none does. */
export function lineWith(view: View, text: string): number {
  const line = view.toolResults.flatMap(({ name, text: shown }) => (name === "read" ? shown.split("\n") : [])).find((each) => each.includes(text));
  return line === undefined ? 1 : Number.parseInt(line, 10);
}

/** A pure function goes live: the audit has little to find, and says so with what it read. @param tests the file that covers it, @param gap what they do not cover */
export function auditOfFunction(place: { readonly name: string; readonly file: string; readonly tests: string; readonly gap: string }): readonly Turn[] {
  const { name, file, tests, gap } = place;
  return [
    say("What becomes real with this?", read(file), use("grep", { pattern: name })),
    say(
      "One pure function.",
      handIn(`${file} exports ${name}, a pure function: no stored data, no call to another system, no background work, no configuration.`, {
        surface: `${name} of ${file}: a pure function; nothing leaves the process and nothing is stored.`,
      }),
    ),
    say("The three agree.", result("All three looked at the same function; none found a failure beside a wrong result.", "No case ends badly beside a wrong result, which the review has found.")),
    say("Is there a guard that would catch it?", read(tests)),
    say(`No test ${gap}.`, completeStep(`${tests} has no case ${gap}: nothing would tell. That is the review's finding; there is no other case to confirm.`)),
    say(
      "It may go live once the finding is mended.",
      judge(`A pure function: no data, no call, no way back needed. Beside what the review found nothing stands in the way. The fix should add a test ${gap}.`, []),
    ),
  ];
}

/** What the auditor's helpers do. @param file of the function that goes live */
export const researchOfFunction = (file: string): readonly Turn[] => [
  say("The place that was named.", read(file)),
  say("Nothing but the function.", result(`Read ${file}: no call leaves the process, nothing is written, nothing has to be taken back.`, "A pure function: it can fail by returning a wrong result and in no other way.")),
];
