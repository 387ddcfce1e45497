import type { PromptBlocks, PromptValue } from "./vocabulary.ts";

/** The blocks as Markdown, in the order goal, constraints, procedure, output, checks. */
export function promptOfBlocks(blocks: PromptBlocks): string {
  const sections: string[] = [];
  if (blocks.goal !== undefined) sections.push(textOf(blocks.goal));
  const list = (title: string, items: readonly string[], mark: (index: number) => string) => {
    if (items.length > 0) sections.push(`${title}\n${items.map((item, index) => `${mark(index)} ${item.replaceAll("\n", "\n  ")}`).join("\n")}`);
  };
  list("Constraints:", (blocks.constraints ?? []).map(textOf), () => "-");
  list("Procedure:", (blocks.procedure ?? []).map(textOf), (index) => `${index + 1}.`);
  list("Output required:", Object.entries(blocks.outputRequired ?? {}).map(([key, value]) => `${key}: ${value}`), () => "-");
  list("Before you hand over, verify:", (blocks.verify ?? []).map(textOf), () => "-");
  return sections.join("\n\n");
}

/** References are refused before this runs, so only text is left. */
const textOf = (value: PromptValue): string =>
  (typeof value === "string" ? value : value.map((part) => (part.kind === "text" ? part.text : "")).join("")).trimEnd();
