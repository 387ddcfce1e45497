import { compileWorkflow } from "./compile.ts";
import type { Fault } from "../shared/fault.ts";
import type { Plan } from "./plan.ts";

export interface CatalogueEntry {
  readonly file: string;
  readonly plan: Plan;
  readonly warnings: readonly Fault[];
}

export interface Catalogue {
  /** By workflow id, in the order the texts came. */
  readonly workflows: ReadonlyMap<string, CatalogueEntry>;
  /** Everything wrong in any file; a file with faults is not among the workflows. */
  readonly faults: readonly Fault[];
}

/** Compiles many files. Of two workflows with one id the first stays and the second is a fault. */
export function catalogue(sources: readonly { readonly text: string; readonly file: string }[]): Catalogue {
  const workflows = new Map<string, CatalogueEntry>();
  const faults: Fault[] = [];
  for (const source of sources) {
    const compiled = compileWorkflow(source);
    if (!compiled.ok) {
      faults.push(...compiled.error);
      continue;
    }
    const { plan, warnings } = compiled.value;
    const first = workflows.get(plan.id);
    if (first === undefined) workflows.set(plan.id, { file: source.file, plan, warnings });
    else faults.push({ file: source.file, line: 1, column: 1, path: "id", message: `The workflow id "${plan.id}" is already taken by ${first.file}.`, fix: "Give the workflow its own id." });
  }
  return { workflows, faults };
}
