import type { Duplicate } from "../../record/index.ts";

/**
 * Links to what has the work, in our own words. The addresses come from the agent job's journal, so only numbers are taken of them, and
 * only of this repository's own; the reason has the rest as text.
 * @param runUrl this run's page, by GitHub's API
 */
export function duplicateLinks(duplicates: readonly Duplicate[], runUrl: string): string {
  const [, repositoryUrl = null] = /^(.+)\/actions\/runs\/\d+$/.exec(runUrl) ?? [];
  const links = duplicates.flatMap(({ url }) => {
    const path = repositoryUrl !== null && url.startsWith(`${repositoryUrl}/`) ? url.slice(repositoryUrl.length) : "";
    const pull = /^\/pull\/(\d{1,10})$/.exec(path)?.[1];
    const run = /^\/actions\/runs\/(\d{1,15})$/.exec(path)?.[1];
    if (pull !== undefined) return [`- #${pull}`];
    return run === undefined ? [] : [`- [run ${run}](${repositoryUrl ?? ""}/actions/runs/${run})`];
  });
  return links.length === 0 ? "" : `The work is here:\n${links.slice(0, 20).join("\n")}`;
}
