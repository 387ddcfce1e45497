/** Where workflows lie. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Where a team keeps its workflows, from the root of its repository. */
const TEAM_DIRECTORY = ".worktrain/workflows";

export type SourceName = "bundled" | "team" | "extra";
export interface WorkflowSource {
  readonly name: SourceName;
  readonly directory: string;
}

export interface LibraryPlaces {
  readonly packageRoot: string;
  /** A directory in the team's repository, or null. */
  readonly workspace: string | null;
  /** Extra folders, most important first. */
  readonly extra: readonly string[];
}

/** The sources that exist, most important first. */
export function workflowSources({ packageRoot, workspace, extra }: LibraryPlaces): readonly WorkflowSource[] {
  const team = workspace === null ? null : inRepository(resolve(workspace), TEAM_DIRECTORY);
  return [
    ...extra.map((directory) => ({ name: "extra" as const, directory: resolve(directory) })),
    ...(team === null ? [] : [{ name: "team" as const, directory: team }]),
    { name: "bundled", directory: join(packageRoot, "workflows") },
  ];
}

/** Where a team binds the extension points of workflows; of a slot that both bind the first counts. */
const BINDINGS = [".worktrain/bindings.json", ".workrail/bindings.json"];

/** The files of the team's bindings that there are. */
export const bindingsFiles = (workspace: string | null): readonly string[] => (workspace === null ? [] : BINDINGS.flatMap((path) => inRepository(resolve(workspace), path) ?? []));

/** The nearest such path from a directory upwards, not beyond its repository. */
export function inRepository(from: string, path: string): string | null {
  for (let directory = from; ; directory = dirname(directory)) {
    if (existsSync(join(directory, path))) return join(directory, path);
    if (existsSync(join(directory, ".git")) || dirname(directory) === directory) return null;
  }
}
