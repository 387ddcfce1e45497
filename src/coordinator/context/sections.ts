/** The sections of a context package, from what the record and the tree tell. Pure. */
import type { Phase } from "../../record/index.ts";
import { fence } from "../../workflow/index.ts";
import type { Layer } from "../prompt/layer.ts";
import type { Rule } from "../prompt/read-rules.ts";
import { ruleLayer } from "../prompt/rule-layer.ts";
import { deadEndsOf, decisionsOf } from "./decided.ts";
import { sameFiles, type EarlierWork } from "./earlier-work.ts";
import { publishedEntries, type PublishedWork } from "./published-work.ts";
import { fileEntries, type RelevantFile } from "./files.ts";
import type { Wanted, WantedSection } from "./policy.ts";
import type { PriorWork } from "./known.ts";
import { resultsOf } from "./results.ts";
import type { Entry, Section } from "./section.ts";

export interface ContextSources {
  readonly rules: readonly Rule[];
  /** Null outside of a pipeline: then no phase's rules hold. */
  readonly phase: Phase | null;
  readonly wanted: Wanted;
  /** The item's task; null where the step says it. */
  readonly task: string | null;
  readonly prior: PriorWork;
  /** Null: the tree is too large to be listed. */
  readonly files: readonly RelevantFile[] | null;
  /** Other items of the same repository; null where the host has none at hand. */
  readonly others: readonly EarlierWork[] | null;
  /** Commits of other items on those files; null where the history is not at hand. */
  readonly published: readonly PublishedWork[] | null;
  /** Notes of the session's own completed steps, for a conversation that is not its first. */
  readonly steps: readonly { readonly stepId: string; readonly notes: string }[];
}

/** In the order they stand in the opening. */
export const sectionsOf = (sources: ContextSources): readonly Section[] => [...ruleSections(sources.rules, sources.phase), ...dataSections(sources)];

const RULE_KINDS = ["operator", "repository", "phase"] as const satisfies readonly Rule["kind"][];

/** The operator's rules always go in; the repository's own can be read there. */
function ruleSections(rules: readonly Rule[], phase: Phase | null): readonly Section[] {
  const hold = rules.filter((rule) => rule.phase === null || rule.phase === phase);
  return RULE_KINDS.flatMap((kind) => hold.filter((rule) => rule.kind === kind)).map((rule) => {
    const { name, source, text } = ruleLayer(rule);
    const rest: Pick<Section, "rank" | "share"> = rule.kind === "repository" ? { rank: 3, share: 0.5 } : { rank: 0, share: null };
    return { ...rest, name, source, trusted: true, entries: [{ title: source, text }], how: "read the files of these names; they hold for your work all the same", render: (entries) => entries.map((entry) => entry.text).join("\n\n") };
  });
}

const ITEM_RECORD = "the item's record";

export function dataSections({ wanted, task, prior, files, others, published, steps }: ContextSources): readonly Section[] {
  const has = (name: WantedSection): boolean => wanted.sections.has(name);
  const focus = new Set(focusOf(files));
  const told = { decisions: has("decisions"), deadEnds: has("dead-ends") };
  const local = others === null ? [] : [`${others.length} other items of this clone`];
  const where = `${[ITEM_RECORD, ...local, ...(published === null ? [] : ["commits of the base's history that carry WorkTrain's trailer, which whoever may commit can write"])].join(", ")}${published === null ? "; the history of the base is not at hand" : ""}`;
  const earlier = [...sameFiles(prior.sessions, others ?? [], focus), ...publishedEntries(published ?? [], new Set((others ?? []).map(({ itemId }) => itemId)))];
  const all: readonly (Section & { readonly wanted: boolean })[] = [
    { ...section("issue", task === null ? [] : [{ title: "the task", text: task }]), wanted: has("issue"), source: "the issue as it was labelled", rank: 1, share: 0.6, ...shown("The task this work is part of", "As it was given when the work began. What is asked of you stands in your step."), how: artifact("issue") },
    { ...section("decisions", decisionsOf(prior)), wanted: has("decisions"), source: ITEM_RECORD, rank: 5, share: 0.2, ...shown("Decisions so far", "Taken by earlier sessions and by people. Do not decide them anew without a reason."), how: artifact("decisions") },
    { ...section("dead-ends", deadEndsOf(prior)), wanted: has("dead-ends"), source: ITEM_RECORD, rank: 4, share: 0.2, ...shown("What led nowhere", "Tried, ruled out, rejected or left open. Do not try it again as it was."), how: artifact("dead-ends") },
    { ...section("files", fileEntries(files ?? [])), wanted: has("files"), source: "the task, typed results and the base commit's tree", rank: 6, share: 0.15, ...shown("Files that matter, and why", "The likeliest places to begin. It is no limit to where you look.", "first-first"), how: "glob and grep find them; " + artifact("files") },
    { ...section("results", resultsOf(prior.sessions, told)), wanted: has("results"), source: ITEM_RECORD, rank: 7, share: 0.4, ...shown("What earlier sessions handed over", `They were agents like you: check what matters before you build on it.${told.decisions || told.deadEnds ? " Fields that stand above are not repeated." : ""}`), how: "read_artifact with the contractRef and sessionId; without them it lists all" },
    { ...section("sessions", earlier), wanted: has("sessions"), source: where, rank: 8, share: 0.1, ...shown("Earlier work on the same files", "Their logs are not at hand; this is what their records and commits say. `git show COMMIT` has the rest of a commit where you may run it.", "first-first"), how: artifact("sessions") },
    { ...section("steps", steps.map(({ stepId, notes }) => ({ title: stepId, text: `${stepId}: ${notes}` })).toReversed()), wanted: true, source: "this session's own log", rank: 2, share: 0.3, ...shown("Earlier steps of this session", "Their notes, as they were handed over."), how: artifact("steps") },
  ];
  return all.filter((each) => each.wanted && each.entries.length > 0);
}

/** The files that earlier work is looked up for. */
export const focusOf = (files: readonly RelevantFile[] | null): readonly string[] => (files ?? []).filter(({ how }) => how !== "beside").map(({ path }) => path);

const section = (name: Layer["name"], entries: readonly Entry[]) => ({ name, entries, trusted: false });

/** What `read_artifact` calls a section of the package. */
export const CONTEXT_REF = "context.";
const artifact = (name: string): string => `read_artifact with contractRef "${CONTEXT_REF}${name}"`;

/** Data in one fence that nothing in it can close (I8); entries stand oldest first unless the first matters most. */
function shown(title: string, about: string, order: "oldest-first" | "first-first" = "oldest-first"): Pick<Section, "render"> {
  return { render: (entries) => `# ${title}\n${about}\n${fence((order === "oldest-first" ? entries.toReversed() : entries).map(({ text }) => text).join("\n"))}` };
}
