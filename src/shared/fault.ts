/** One thing wrong in a file somebody wrote: where, what, and how to mend it. */
export interface Fault {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units, as editors count. */
  readonly column: number;
  /** Where in the document, such as `steps[2].outputContract.contractRef`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}
