import { keyOf } from "../flow.ts";
import type { LintRule } from "../subject.ts";

export const unusedValue: LintRule = {
  code: "unused-value",
  severity: "warning",
  tells: "A step has to hand over a value that nothing in the workflow uses.",
  find: ({ steps, flow, kind }) => {
    // What a routine hands over its callers use.
    if (kind === "routine") return [];
    const used = new Set(flow.uses.map(({ path }) => keyOf(path)));
    return steps.flatMap(({ step, path, own }) => {
      if (!own) return [];
      const named = step.kind === "standard" ? Object.keys(step.produces).map((key) => ({ key, at: ["produces", key] })) : step.kind === "gather" ? [{ key: step.outputVar, at: ["outputVar"] }] : [];
      return named.filter(({ key }) => !used.has(key)).map(({ key, at }) => ({ path: [...path, ...at], at: "key" as const, message: `Nothing uses "${key}": no prompt, condition, loop or child.`, fix: `Use {{${key}}} where it matters, or remove it; a result that is for a reader belongs into an \`outputContract\`.` }));
    });
  },
};
