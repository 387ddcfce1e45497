import { isMapping } from "../placed-steps.ts";
import type { LintRule } from "../subject.ts";

/** About 600 tokens: what is beyond is read, but no longer held to point by point. */
const MOST_CHARS = 2_400;
const MOST_ITEMS = 9;

export const longPrompt: LintRule = {
  code: "long-prompt",
  severity: "warning",
  tells: `A prompt has more than ${MOST_CHARS} characters, or a block of it more than ${MOST_ITEMS} items.`,
  find: ({ steps }) =>
    steps.flatMap(({ step, path, raw, own }) => {
      if (!own || step.kind !== "standard") return [];
      const blocks = isMapping(raw["promptBlocks"]) ? raw["promptBlocks"] : {};
      const long = Object.entries(blocks).find(([, block]) => Array.isArray(block) && block.length > MOST_ITEMS);
      const fix = "Make it two steps, or leave out what the agent would do anyway.";
      if (step.prompt.length > MOST_CHARS) return [{ path, message: `The prompt of "${step.id}" has ${step.prompt.length} characters; beyond ${MOST_CHARS} points get lost.`, fix }];
      return long === undefined ? [] : [{ path: [...path, "promptBlocks", long[0]], at: "key" as const, message: `\`${long[0]}\` of "${step.id}" has more than ${MOST_ITEMS} items.`, fix }];
    }),
};
