/**
 * The workflows at hand: those that come with WorkTrain, those of the team's repository, and extra folders. A workflow of the
 * team replaces a bundled one with the same id, and an extra source both.
 */
import { dirname, resolve } from "node:path";
import { closestName } from "../shared/closest-name.ts";
import type { Refusal } from "../shared/errors.ts";
import type { Fault } from "../shared/fault.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { type Bindings, bindingsOver, catalogue, type Catalogue, type CatalogueEntry, type CatalogueOptions, parseBindings } from "../workflow/index.ts";
import { findWorkflowFiles, readWorkflowText } from "./files.ts";
import { bindingsFiles, workflowSources, type LibraryPlaces, type SourceName } from "./sources.ts";

export interface Library {
  readonly catalogue: Catalogue;
  /** Source of each file of the catalogue. */
  readonly sources: ReadonlyMap<string, SourceName>;
  /** What is wrong with any file, and with the folders themselves. */
  readonly faults: readonly Fault[];
}

/**
 * Reads and compiles every workflow at hand.
 * @param first files that go before them: of two workflows with one id the first stays
 * @param look what is looked at on the disk beside the files themselves
 */
export function openLibrary(places: LibraryPlaces, first: readonly string[] = [], look: Pick<CatalogueOptions, "leads" | "only"> = {}): Library {
  const texts: { file: string; text: string }[] = [];
  const named = new Map<string, SourceName>();
  const faults: Fault[] = [];
  const taken = new Set<string>();
  const take = (file: string, name: SourceName): void => {
    if (taken.has(resolve(file))) return;
    taken.add(resolve(file));
    const text = readWorkflowText(file);
    if (!text.ok) return void faults.push(text.error);
    texts.push({ file, text: text.value });
    named.set(file, name);
  };
  for (const file of first) take(file, "extra");
  for (const { name, directory } of workflowSources(places)) {
    const found = findWorkflowFiles(directory);
    faults.push(...found.faults);
    for (const file of found.files) take(file, name);
  }
  const bindings = bindingsFiles(places.workspace).map(readBindings);
  for (const each of bindings) if (!each.ok) faults.push(...each.error);
  const compiled = catalogue(texts, { ...look, bindings: bindings.reduce<Bindings>((all, each) => (each.ok ? bindingsOver(all, each.value) : all), new Map()) });
  return { catalogue: compiled, sources: named, faults: [...faults, ...compiled.faults] };
}

function readBindings(file: string): Result<Bindings, readonly Fault[]> {
  const text = readWorkflowText(file);
  return text.ok ? parseBindings(text.value, file) : err([text.error]);
}

/** What is wrong with the team's bindings: without them a slot would come to its default in silence. */
export const bindingsFaults = (workspace: string | null): readonly Fault[] => bindingsFiles(workspace).flatMap((file) => {
  const read = readBindings(file);
  return read.ok ? [] : read.error;
});

export type WorkflowName = { readonly id: string } | { readonly path: string };
export type WorkflowRefusal = Refusal<"unknown-workflow" | "invalid-workflow">;

export interface FoundWorkflow extends CatalogueEntry {
  readonly source: SourceName;
}

/**
 * One workflow by id or by path. One named by path may use routines of its own folder and below, beside the library's.
 */
export function findWorkflow(places: LibraryPlaces, name: WorkflowName): Result<FoundWorkflow, WorkflowRefusal> {
  if ("path" in name) return byPath(places, resolve(name.path));
  return foundIn(openLibrary(places, [], { only: name.id }), name.id) ?? notFound(openLibrary(places), name.id);
}

function foundIn(library: Library, id: string): Result<FoundWorkflow, WorkflowRefusal> | null {
  const brokenFile = library.catalogue.broken.get(id);
  if (brokenFile !== undefined) return err(invalidWorkflow(brokenFile, library.faults.filter((fault) => fault.file === brokenFile)));
  const entry = library.catalogue.workflows.get(id);
  return entry === undefined ? null : ok({ ...entry, source: library.sources.get(entry.file) ?? "extra" });
}

function notFound(library: Library, id: string): Result<never, WorkflowRefusal> {
  const near = closestName(id, [...library.catalogue.workflows.keys()]);
  const meant = near === null ? "List what there is: `worktrain workflows` in a shell, list_workflows over MCP." : `Did you mean ${near}?`;
  const broken = library.faults.length === 0 ? "" : ` ${new Set(library.faults.map((fault) => fault.file)).size} workflow files have faults and are left out.`;
  return err({ kind: "unknown-workflow", message: `There is no workflow ${JSON.stringify(id)}.${broken}`, fix: meant });
}

function byPath(places: LibraryPlaces, file: string): Result<FoundWorkflow, WorkflowRefusal> {
  const text = readWorkflowText(file);
  if (!text.ok) return err({ kind: "unknown-workflow", message: `${file}: ${text.error.message}`, fix: text.error.fix });
  const library = openLibrary(places, [file, ...referredBeside([file])]);
  const entry = [...library.catalogue.workflows.values(), ...library.catalogue.variants].find((each) => each.file === file);
  return entry === undefined ? err(invalidWorkflow(file, library.faults.filter((fault) => fault.file === file))) : ok({ ...entry, source: library.sources.get(file) ?? "extra" });
}

/** Ids in the places where a workflow names another one. */
const NAMED_WORKFLOW = /workflowId["']?\s*:\s*["']?([\w.-]+)/g;

/**
 * The other files beside the named ones and below that these may refer to: routines where one is called, and workflows that children
 * are to run. A folder may hold anything; reading it is cheap, compiling all of it is not.
 */
export function referredBeside(files: readonly string[]): readonly string[] {
  const named = new Set(files.map((file) => resolve(file)));
  const wanted = new Map<string, Set<string>>();
  for (const file of files) {
    const text = readWorkflowText(file);
    if (!text.ok) continue;
    const ids = [...(text.value.includes("templateCall") ? ["routine-"] : []), ...[...text.value.matchAll(NAMED_WORKFLOW)].flatMap(([, id = ""]) => (id === "" ? [] : [id.replace(/^wr\.templates\.routine\./, "routine-")]))];
    if (ids.length > 0) wanted.set(dirname(file), new Set([...(wanted.get(dirname(file)) ?? []), ...ids]));
  }
  return [...wanted].flatMap(([folder, ids]) => findWorkflowFiles(folder).files.filter((file) => !named.has(resolve(file)) && holdsOneOf(file, ids)));
}

function holdsOneOf(file: string, ids: ReadonlySet<string>): boolean {
  const text = readWorkflowText(file);
  return text.ok && [...ids].some((id) => text.value.includes(id));
}

/** Faults told in one message: an author has `worktrain validate` for the rest. */
const FAULTS_TOLD = 5;

function invalidWorkflow(file: string, faults: readonly Fault[]): WorkflowRefusal {
  const told = faults.slice(0, FAULTS_TOLD).map((fault) => `line ${fault.line}, column ${fault.column}: ${fault.message}`);
  const more = faults.length > FAULTS_TOLD ? ` (and ${faults.length - FAULTS_TOLD} more)` : "";
  return { kind: "invalid-workflow", message: `${file} is no valid workflow: ${told.join(" ")}${more}`, fix: faults[0]?.fix ?? "Run `worktrain validate` on it." };
}
