/** Where workflows lie. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Where a team keeps its workflows, from the root of its repository. */
export const TEAM_DIRECTORY = ".worktrain/workflows";

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
  const team = workspace === null ? null : teamDirectory(resolve(workspace));
  return [
    ...extra.map((directory) => ({ name: "extra" as const, directory: resolve(directory) })),
    ...(team === null ? [] : [{ name: "team" as const, directory: team }]),
    { name: "bundled", directory: join(packageRoot, "workflows") },
  ];
}

/** The nearest `.worktrain/workflows` from a directory upwards, not beyond its repository. */
function teamDirectory(from: string): string | null {
  for (let directory = from; ; directory = dirname(directory)) {
    if (existsSync(join(directory, TEAM_DIRECTORY))) return join(directory, TEAM_DIRECTORY);
    if (existsSync(join(directory, ".git")) || dirname(directory) === directory) return null;
  }
}
