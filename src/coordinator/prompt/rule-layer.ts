import { fence } from "../../workflow/index.ts";
import type { Layer } from "./layer.ts";
import type { Rule } from "./read-rules.ts";

const WHOSE: Readonly<Record<Rule["kind"], { readonly name: Layer["name"]; readonly words: string }>> = {
  operator: { name: "operator rules", words: "the operator" },
  repository: { name: "repository rules", words: "the repository" },
  phase: { name: "phase rules", words: "the operator for this phase" },
};

/** In a fence, so that a rule file cannot pass for a step or for another layer (I8). */
export function ruleLayer(rule: Rule): Layer {
  const { name, words } = WHOSE[rule.kind];
  const cut = rule.cutFrom === null ? "" : `\nThe first ${rule.text.length} of ${rule.cutFrom} characters; read the file where you need the rest.`;
  return { name, source: rule.source, text: `# Rules of ${words}: ${rule.source}${cut}\n${fence(rule.text)}`, trusted: true };
}
