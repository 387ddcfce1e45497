import { type Bindings } from "./bindings.ts";
import { compileWorkflow, type ReferencePlace } from "./compile.ts";
import type { Fault } from "../shared/fault.ts";
import type { Plan } from "./plan.ts";
import { couldDeclare, declaredId, declaredIn, routineName, routinesOf, type WorkflowSource } from "./routines.ts";

export interface CatalogueEntry {
  readonly file: string;
  readonly plan: Plan;
  readonly warnings: readonly Fault[];
  /** A routine: other workflows call it, and it can be run by itself. */
  readonly isRoutine: boolean;
}

export interface Catalogue {
  /** By workflow id, in the order the texts came. */
  readonly workflows: ReadonlyMap<string, CatalogueEntry>;
  /** Sound files that are not used because another variant of their workflow is. */
  readonly variants: readonly CatalogueEntry[];
  /** Everything wrong in any file; a file with faults is not among the workflows. */
  readonly faults: readonly Fault[];
  /** Ids that a file with faults claims before any other file, and the file: what stands behind it is not what was meant. */
  readonly broken: ReadonlyMap<string, string>;
}

export interface CatalogueOptions {
  /** The one workflow that is wanted: files that cannot claim its id are not compiled, and nothing is said of them. */
  readonly only?: string;
  readonly bindings?: Bindings;
  /** Whether what a file refers to is there; absent where nobody can look. */
  readonly leads?: (reference: ReferencePlace, file: string) => boolean;
}

/**
 * Compiles many files; routines are found among them. Of two workflows with one id the first stays and the second is a fault,
 * unless they are WorkRail's variants of one workflow: then its rule decides which of them is meant, and a warning says so.
 */
export function catalogue(sources: readonly WorkflowSource[], options: CatalogueOptions = {}): Catalogue {
  const workflows = new Map<string, CatalogueEntry>();
  const faults: Fault[] = [];
  const broken = new Map<string, string>();
  const variants: CatalogueEntry[] = [];
  const routines = routinesOf(sources);
  const { bindings, leads, only } = options;
  const known = declaredIn(sources);
  for (const source of only === undefined ? sources : sources.filter((each) => couldDeclare(each, only) && declaredId(each) === only)) {
    const compiled = compileWorkflow(source, { routines, known, ...(bindings === undefined ? {} : { bindings }), ...(leads === undefined ? {} : { leads: (reference) => leads(reference, source.file) }) });
    if (!compiled.ok) {
      faults.push(...compiled.error);
      const claimed = declaredId(source);
      if (claimed !== null && !workflows.has(claimed) && !broken.has(claimed)) broken.set(claimed, source.file);
      continue;
    }
    const { plan, warnings } = compiled.value;
    const first = workflows.get(plan.id);
    const entry: CatalogueEntry = { file: source.file, plan, warnings, isRoutine: routineName(plan.id) !== null };
    if (first === undefined) workflows.set(plan.id, entry);
    else if (areVariants(first, entry)) {
      const better = variantRank(entry.file) > variantRank(first.file);
      variants.push(better ? first : entry);
      if (better) workflows.set(plan.id, entry);
    }
    else faults.push({ file: source.file, line: 1, column: 1, path: "id", message: `The workflow id "${plan.id}" is already taken by ${first.file}.`, fix: "Give the workflow its own id." });
  }
  for (const { plan, file } of variants) {
    const used = workflows.get(plan.id);
    if (used !== undefined) workflows.set(plan.id, { ...used, warnings: [...used.warnings, variantWarning(file, used)] });
  }
  return { workflows, variants, faults, broken };
}

/** What WorkRail puts between a file's name and its ending. */
const VARIANT = /(?:\.(?:lean|agentic|v2))*\.(?:json|ya?ml)$/;
/** WorkRail's order: `name.v2.json` goes before `name.agentic.json`, and that before `name.json`. */
const variantRank = (file: string): number => (/\.v2\.\w+$/.test(file) ? 2 : /\.agentic\.\w+$/.test(file) ? 1 : 0);

const areVariants = (a: CatalogueEntry, b: CatalogueEntry): boolean =>
  a.plan.schemaVersion === 1 && b.plan.schemaVersion === 1 && a.file.replace(VARIANT, "") === b.file.replace(VARIANT, "");

const variantWarning = (file: string, used: CatalogueEntry): Fault => ({ file: used.file, line: 1, column: 1, path: "id", message: `${file} is another variant of "${used.plan.id}" and is not used.`, fix: "Remove it, or give its workflow an id of its own." });

export interface CatalogueQuery {
  /** Words that must all stand in id, name, description, about, examples, category or tags; case does not count. */
  readonly query?: string;
  readonly category?: string;
  readonly tag?: string;
}

/** The entries that fit; those whose id or name has the words come first. */
export function searchCatalogue({ workflows }: Catalogue, { query = "", category, tag }: CatalogueQuery): readonly CatalogueEntry[] {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const inAll = (texts: readonly (string | null)[]): boolean => {
    const text = texts.join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const found = [...workflows.values()].filter(({ plan }) => {
    if (category !== undefined && plan.category !== category) return false;
    if (tag !== undefined && !plan.tags.includes(tag)) return false;
    return inAll([plan.id, plan.name, plan.description, plan.about, plan.category, ...plan.examples, ...plan.tags]);
  });
  const byName = found.filter(({ plan }) => inAll([plan.id, plan.name]));
  return [...byName, ...found.filter((entry) => !byName.includes(entry))];
}

const sortedUnique = (values: readonly string[]): readonly string[] => [...new Set(values)].toSorted();
export const categoriesOf = ({ workflows }: Catalogue): readonly string[] => sortedUnique([...workflows.values()].flatMap(({ plan }) => (plan.category === null ? [] : [plan.category])));
export const tagsOf = ({ workflows }: Catalogue): readonly string[] => sortedUnique([...workflows.values()].flatMap(({ plan }) => plan.tags));
