/** The parts of what an agent reads before its first turn, in the order they stand. */

/** I8. What is not trusted stands in a fence that its content cannot close; see `fenced` in `fence.ts`. */
export interface Layer {
  readonly name: "base" | "workflow" | "step" | "operator rules" | "repository rules" | "phase rules" | "prior work" | "task";
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
}

/** Layers as one text. */
export const textOf = (layers: readonly Layer[]): string => layers.map((layer) => layer.text).join("\n\n");
