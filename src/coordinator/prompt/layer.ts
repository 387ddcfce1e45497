/** The parts of what an agent reads before its first turn, in the order they stand. */
import type { CONTEXT_SECTIONS, ContextRecord } from "../../record/index.ts";

/** I8. What is not trusted stands in a fence that its content cannot close; see `fence` in `workflow/template.ts`. */
/** What the layers of the context package are named; `left-out` tells what of them did not fit. */
export type ContextSection = (typeof CONTEXT_SECTIONS)[number] | "steps" | "left-out";

export interface Layer {
  readonly name: "base" | "workflow" | "step" | "operator rules" | "repository rules" | "phase rules" | ContextSection | "task";
  /** Whose text it is and where it was read: for `--dry-run` and the record. */
  readonly source: string;
  /** The bytes as sent. */
  readonly text: string;
  /** Instructions of WorkTrain, the workflow's author, the operator or the default branch; else data from a model or from outside. */
  readonly trusted: boolean;
}

/** What a conversation opens with. The system part is the same for every session of a workflow, so the provider's cache can reuse it. */
export interface Prompt {
  readonly system: readonly Layer[];
  /** The first message: all that is of this repository, item and step. */
  readonly opening: readonly Layer[];
  /** What of the opening is the context package, and what did not fit into it. */
  readonly context: ContextRecord;
}

/** Layers as one text. */
export const textOf = (layers: readonly Layer[]): string => layers.map((layer) => layer.text).join("\n\n");
