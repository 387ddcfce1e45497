import type { Issue, Path } from "./issue.ts";
import { suggestion } from "./issue.ts";
import { FEATURES, type FeatureText, SHARED_TEXTS } from "./shared-texts.ts";
import type { PromptBlocks, PromptValue } from "./vocabulary-steps.ts";

/** The blocks as Markdown, in the order goal, constraints, procedure, output, checks; features add theirs to the end of each list. */
export function promptOfBlocks(blocks: PromptBlocks, features: readonly FeatureText[] = []): string {
  const sections: string[] = [];
  if (blocks.goal !== undefined) sections.push(textOf(blocks.goal));
  const list = (title: string, items: readonly string[], mark: (index: number) => string) => {
    if (items.length > 0) sections.push(`${title}\n${items.map((item, index) => `${mark(index)} ${item.replaceAll("\n", "\n  ")}`).join("\n")}`);
  };
  const items = (block: "constraints" | "procedure" | "verify") => [...(blocks[block] ?? []).map(textOf), ...features.flatMap((feature) => feature[block] ?? [])];
  list("Constraints:", items("constraints"), () => "-");
  list("Procedure:", items("procedure"), (index) => `${index + 1}.`);
  list("Output required:", Object.entries(blocks.outputRequired ?? {}).map(([key, value]) => `${key}: ${value}`), () => "-");
  list("Before you hand over, verify:", items("verify"), () => "-");
  return sections.join("\n\n");
}

const textOf = (value: PromptValue): string =>
  (typeof value === "string" ? value : value.map((part) => (part.kind === "text" ? part.text : (SHARED_TEXTS[part.refId] ?? `(${part.refId})`))).join("")).trimEnd();

/** References to texts that there are not. */
export function referenceIssues(blocks: PromptBlocks, path: Path): readonly Issue[] {
  const values = [
    ...(blocks.goal === undefined ? [] : [{ value: blocks.goal, at: ["goal"] as Path }]),
    ...(["constraints", "procedure", "verify"] as const).flatMap((block) => (blocks[block] ?? []).map((value, index) => ({ value, at: [block, index] as Path }))),
  ];
  return values.flatMap(({ value, at }) =>
    typeof value === "string"
      ? []
      : value.flatMap((part, index) => (part.kind === "ref" && !Object.hasOwn(SHARED_TEXTS, part.refId) ? [{ path: [...path, ...at, index, "refId"], message: `There is no text "${part.refId}".`, fix: `Use one of: ${Object.keys(SHARED_TEXTS).join(", ")}.${suggestion(part.refId, Object.keys(SHARED_TEXTS))}` }] : [])),
  );
}

/** What the named features add, and an issue for each name there is not. */
export function featuresOf(names: readonly string[], path: Path): { readonly features: readonly FeatureText[]; readonly issues: readonly Issue[] } {
  const features: FeatureText[] = [];
  const issues: Issue[] = [];
  for (const [index, name] of names.entries()) {
    const feature = FEATURES.find((each) => each.id === name);
    if (feature !== undefined) features.push(feature);
    else issues.push({ path: [...path, index], message: `There is no feature "${name}".`, fix: `Use one of: ${FEATURES.map((each) => each.id).join(", ")}.${suggestion(name, FEATURES.map((each) => each.id))}` });
  }
  return { features, issues };
}
