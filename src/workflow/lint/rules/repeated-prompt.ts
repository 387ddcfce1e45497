import type { Issue } from "../../issue.ts";
import { FEATURES, SHARED_TEXTS } from "../../shared-texts.ts";
import { placeOf, type PlacedStep } from "../placed-steps.ts";
import type { LintRule } from "../subject.ts";

/** Shorter lines say the same by chance. */
const LEAST_CHARS = 48;
/** Of the three-word runs of the shorter prompt; above it the two say the same in other words. */
const MOST_SHARED = 0.6;
const LEAST_WORDS = 20;

/** What the language itself puts into prompts. */
const OURS: ReadonlySet<string> = new Set([...Object.values(SHARED_TEXTS), ...FEATURES.flatMap(({ constraints = [], procedure = [], verify = [] }) => [...constraints, ...procedure, ...verify])]);

export const repeatedPrompt: LintRule = {
  code: "repeated-prompt",
  severity: "warning",
  tells: "Two steps say the same: a line word for word, or most of their prompts.",
  find: ({ steps, plan }) => {
    const said = new Map<string, string>(plan.metaGuidance.map((line) => [line.trim(), "the metaGuidance"]));
    const before: { id: string; words: ReadonlySet<string> }[] = [];
    return steps.flatMap(({ step, own, path, raw }): readonly Issue[] => {
      if (!own || step.kind !== "standard") return [];
      const issues: Issue[] = [];
      for (const line of linesOf(step.prompt)) {
        const first = said.get(line);
        if (first === undefined) said.set(line, `"${step.id}"`);
        else if (first !== `"${step.id}"`) issues.push(sameLine(line, first, { path, raw }));
      }
      const words = runsOf(step.prompt);
      const like = before.find((other) => shared(other.words, words) > MOST_SHARED);
      if (like !== undefined && issues.length === 0) issues.push({ path, message: `"${step.id}" says mostly what "${like.id}" says.`, fix: "Make it one step, a loop over what differs, or a routine with an argument." });
      before.push({ id: step.id, words });
      return issues;
    });
  },
};

const linesOf = (prompt: string): readonly string[] =>
  prompt
    .split("\n")
    .map((line) => line.replace(/^\s*(?:-|\d+\.)\s+/, "").trim())
    .filter((line) => line.length >= LEAST_CHARS && !OURS.has(line));

const sameLine = (line: string, first: string, { path, raw }: Pick<PlacedStep, "path" | "raw">): Issue => ({
  path: placeOf(raw, path, (text) => text.includes(line)),
  message: `The line ${JSON.stringify(line)} stands in ${first} too.`,
  fix: "Say it once: where it matters most, or under `metaGuidance`.",
});

/** The runs of three words of a text; of a short one none. */
function runsOf(text: string): ReadonlySet<string> {
  const words = text.toLowerCase().replaceAll(/\{\{[^}]*\}\}/g, "").match(/[\p{L}\p{N}]+/gu) ?? [];
  return new Set(words.length < LEAST_WORDS ? [] : words.slice(2).map((word, index) => `${words[index]} ${words[index + 1]} ${word}`));
}

function shared(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const least = Math.min(a.size, b.size);
  return least === 0 ? 0 : [...a].filter((run) => b.has(run)).length / least;
}
