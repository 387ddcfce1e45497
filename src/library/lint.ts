/** `worktrain lint`: the authoring rules over files, each seen with the workflows that it and its callers refer to. */
import { resolve } from "node:path";
import { lintWorkflow, type LintFinding } from "../workflow/lint/index.ts";
import { documentOf } from "../workflow/routines.ts";
import { readWorkflowText } from "./files.ts";
import { openLibrary, referredBeside } from "./library.ts";
import { workflowSources, type LibraryPlaces } from "./sources.ts";
import { validatePaths, type FileReport } from "./validate.ts";

type Place = FileReport["errors"][number];
/** A finding with the rule it is of; `validate` for what the compiler says. */
export type LintPlace = Place & Pick<LintFinding, "code" | "severity">;

export interface LintReport extends Omit<FileReport, "errors" | "warnings"> {
  readonly errors: readonly LintPlace[];
  readonly warnings: readonly LintPlace[];
}

/** @param paths files and folders; none for the workflows at hand */
export function lintPaths(paths: readonly string[], places: LibraryPlaces): readonly LintReport[] {
  const reports = validatePaths(paths.length > 0 ? paths : workflowSources(places).map(({ directory }) => directory), places);
  const files = reports.map(({ path }) => path);
  const { catalogue } = openLibrary(places, [...files, ...referredBeside(files)]);
  const entries = [...catalogue.workflows.values(), ...catalogue.variants];
  const plans = entries.map(({ plan }) => plan);
  return reports.map((report): LintReport => {
    const compiled = entries.find(({ file }) => resolve(file) === resolve(report.path));
    const text = readWorkflowText(report.path);
    const document = compiled !== undefined && text.ok ? documentOf({ text: text.value, file: report.path }) : null;
    const found = compiled === undefined || document === null || !document.ok ? [] : lintWorkflow(compiled.plan, document.value, plans);
    const of = (severity: LintFinding["severity"], said: readonly Place[]): readonly LintPlace[] => [
      ...said.map((place) => ({ ...place, code: "validate", severity })),
      ...found.filter((each) => each.severity === severity).map(({ line, column, path, message, fix, code }) => ({ line, column, path, message, fix, code, severity })),
    ];
    const errors = of("error", report.errors);
    return { path: report.path, id: report.id, ok: errors.length === 0, errors, warnings: of("warning", report.warnings) };
  });
}
