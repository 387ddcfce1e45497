/** Looks into files that are held in memory, as git would. */
import type { BaseSearch, PastCommit } from "../../src/workspace/index.ts";

/** @param commits newest first; as git does, only the paths asked for are told of each */
export const searchIn = (files: () => Iterable<readonly [string, string]>, commits: readonly PastCommit[] = []): BaseSearch => ({
  search(pattern, { ignoreCase }) {
    const expression = new RegExp(`(?<!\\w)(?:${pattern.replaceAll("[[:space:]]", "\\s")})(?!\\w)`, ignoreCase ? "gi" : "g");
    return Promise.resolve([...files()].flatMap(([path, text]) => text.split("\n").flatMap((line) => [...line.matchAll(expression)].map(([match]) => ({ path, text: match })))));
  },
  history(paths, lineBegins) {
    const told = commits.map((commit) => ({ ...commit, paths: commit.paths.filter((path) => paths.includes(path)) }));
    return Promise.resolve(told.filter(({ message, paths: changed }) => changed.length > 0 && message.split("\n").some((line) => line.startsWith(lineBegins))));
  },
});

export const nothingToSearch: BaseSearch = searchIn(() => []);
