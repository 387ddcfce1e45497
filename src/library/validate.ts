import { existsSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import type { Fault } from "../shared/fault.ts";
import { findWorkflowFiles } from "./files.ts";
import { bindingsFaults, openLibrary, referredBeside, type Library } from "./library.ts";
import { inRepository, type LibraryPlaces } from "./sources.ts";

type Place = Omit<Fault, "file">;

/** What is right or wrong with one file. */
export interface FileReport {
  /** As it was named, or found below what was named. */
  readonly path: string;
  readonly ok: boolean;
  /** Null when the file has errors. */
  readonly id: string | null;
  readonly errors: readonly Place[];
  readonly warnings: readonly Place[];
}

/** Checks every workflow file that the paths mean. What they refer to comes from the same paths first, then from beside a file, then from the library: as when it is started by path. */
export function validatePaths(paths: readonly string[], places: LibraryPlaces): readonly FileReport[] {
  const found = paths.map((path) => ({ path, ...findWorkflowFiles(path) }));
  const files = [...new Set(found.flatMap((each) => each.files))];
  const look = { leads: (reference: Parameters<typeof leads>[0], file: string) => leads(reference, file, places.workspace) };
  // As for a workflow that is started by path: what it refers to may lie in its own folder and below.
  const library = openLibrary(places, [...files, ...referredBeside(files)], look);
  return [
    ...found.flatMap(({ path, files: inside, faults }) => (inside.length === 0 && faults.length === 0 ? [empty(path)] : faults.map((fault) => report(fault.file, null, [fault])))),
    ...files.map((file) => reportOf(library, file)),
    ...bindingsFaults(places.workspace).map((fault) => report(fault.file, null, [fault])),
  ];
}

/** An address is not asked for, and what stands behind `#` is a place inside the file. */
function leads({ source, resolveFrom }: { readonly source: string; readonly resolveFrom: "workspace" | "package" }, file: string, workspace: string | null): boolean {
  const path = source.replace(/#.*$/, "");
  if (path === "" || /^[a-z][a-z0-9+.-]+:/i.test(path)) return true;
  if (resolveFrom === "package" || isAbsolute(path)) return existsSync(resolve(dirname(file), path));
  return workspace === null || inRepository(resolve(workspace), path) !== null;
}

function reportOf({ catalogue, faults }: Library, file: string): FileReport {
  const path = resolve(file);
  const entry = [...catalogue.workflows.values(), ...catalogue.variants].find((each) => resolve(each.file) === path);
  const errors = faults.filter((fault) => resolve(fault.file) === path);
  return report(file, entry?.plan.id ?? null, errors, entry?.warnings);
}

const empty = (path: string): FileReport =>
  report(path, null, [{ file: path, line: 1, column: 1, path: "", message: "The folder holds no workflow files.", fix: "Name a folder with .yaml, .yml or .json files." }]);

const report = (path: string, id: string | null, errors: readonly Fault[], warnings: readonly Fault[] = []): FileReport => ({
  path,
  ok: errors.length === 0,
  id,
  errors: errors.map(place),
  warnings: warnings.map(place),
});

const place = ({ line, column, path, message, fix }: Fault): Place => ({ line, column, path, message, fix });
