import { inWords } from "../shared/errors.ts";
import { previewPlan, toMermaid, toolsText, type CatalogueEntry, type Preview } from "../workflow/index.ts";
import { listingOf, type Listing } from "./listing.ts";
import type { SourceName } from "./sources.ts";

/** What a workflow does, before anyone runs it. */
export interface Inspection extends Listing {
  readonly about: string | null;
  readonly examples: readonly string[];
  readonly preconditions: readonly string[];
  readonly warnings: readonly string[];
  /** The compiled graph: branches, loops, gates, contracts, and what routines and features put in. */
  readonly preview: Preview;
  readonly mermaid: string;
}

export function inspectWorkflow(entry: CatalogueEntry, source: SourceName): Inspection {
  const { about, examples, preconditions } = entry.plan;
  const preview = previewPlan(entry.plan);
  const warnings = entry.warnings.map((warning) => `line ${warning.line}, column ${warning.column}: ${inWords(warning)}`);
  return { ...listingOf(entry, source), about, examples, preconditions, warnings, preview, mermaid: toMermaid(preview) };
}

/** The inspection in words, one line a step. */
export function inspectionText({ id, name, version, description, about, category, tags, source, file, preview, warnings }: Inspection): string {
  const steps = preview.nodes
    .filter(({ kind }) => kind !== "start" && kind !== "end")
    .map((node) => {
      const by = preview.injected.filter((each) => each.stepId === node.id).map((each) => each.by);
      const more = [
        node.runCondition === null ? "" : `if ${node.runCondition}`,
        node.contract === null ? "" : `gives ${node.contract}`,
        node.verification === null ? "" : `verified by ${node.verification}`,
        toolsText(node),
        node.children.length === 0 ? "" : `children ${node.children.join(", ")}`,
        by.length === 0 ? "" : `from ${by.join(", ")}`,
      ].filter((text) => text !== "");
      return `${node.inLoop === null ? "" : "  "}- ${node.id} (${node.kind}): ${node.title}${more.length === 0 ? "" : ` [${more.join("; ")}]`}`;
    });
  const facts = [`Category: ${category ?? "-"}`, `Tags: ${tags.join(", ") || "-"}`, `Source: ${source}, ${file}`];
  return [`${name} (${id} ${version})`, description, ...(about === null ? [] : [about]), facts.join("\n"), steps.join("\n"), ...warnings.map((each) => `Warning: ${each}`)].join("\n\n");
}
