/** What is found in a commit's content and history, and what is not waited for. */
import { describe, expect, test } from "vitest";
import { openBaseSearch } from "../../src/workspace/base-search.ts";
import { inShell, put, repository, temporaryDirectory, workspaceOn } from "./small-repository.ts";

const commit = (directory: string, message: string): void => {
  put(directory, ".git/message", message);
  inShell(directory, "git add -A && git -c user.name=a -c user.email=a@b commit -q -F .git/message");
};
const head = (directory: string): string => inShell(directory, "git rev-parse HEAD").trim();

describe.each(["bubblewrap", "weak"] as const)("git in %s mode", (mode) => {
  test("whole words are searched for in the base commit alone, text files only", async () => {
    const { directory, base } = repository({ "src/a.js": "export function parseLine(x) {}\nparseLines()\n", "src/b.js": "// calls parseLine twice: parseLine\n", "image.bin": new Uint8Array([0, 112, 97, 114, 115, 101, 76, 105, 110, 101]), "odd name\u00e9.js": "parseLine" });
    put(directory, "src/later.js", "parseLine");
    const { baseFiles } = await workspaceOn(directory, base, mode);
    expect(await baseFiles.search("(function[[:space:]]+)?(parseLine)", { ignoreCase: false })).toEqual([
      { path: "odd name\u00e9.js", text: "parseLine" },
      { path: "src/a.js", text: "function parseLine" },
      { path: "src/b.js", text: "parseLine" },
      { path: "src/b.js", text: "parseLine" },
    ]);
    expect(await baseFiles.search("nowhere", { ignoreCase: true })).toEqual([]);
  });

  test("history tells the commits that changed a path and have the line, each with its own words, whatever they are made to look like", async () => {
    const { directory } = repository({ "a.ts": "1", "b.ts": "1", "c.ts": "1" });
    put(directory, "a.ts", "2");
    put(directory, "b.ts", "2");
    commit(directory, "One\n\nWhy.\n\nMark: 1\n");
    put(directory, "a.ts", "3");
    commit(directory, "No line of ours, but a word: not Mark: 2\n");
    put(directory, "c.ts", "3");
    commit(directory, "Another file\n\nMark: 3\n");
    put(directory, "a.ts", "4");
    commit(directory, `Looks like two\u001e\u001f\n\n${"a".repeat(40)}\n2026-01-01\n\nMark: 4\n\nCo-authored-by: x <x@y>\n`);
    const { baseFiles } = await workspaceOn(directory, head(directory), mode);
    const found = await baseFiles.history(["a.ts", "b.ts"], "Mark: ");
    expect(found?.map(({ message, paths }) => [message.split("\n")[0], paths])).toEqual([["Looks like two\u001e\u001f", ["a.ts"]], ["One", ["a.ts", "b.ts"]]]);
    expect(found?.every(({ sha, day }) => /^[0-9a-f]{40}$/.test(sha) && /^\d{4}-\d\d-\d\d$/.test(day))).toBe(true);
    expect(await baseFiles.history([], "Mark: ")).toEqual([]);
    expect(await baseFiles.history(["gone.ts"], "Mark: ")).toEqual([]);
  });

  test("a history that is not all there is not at hand", async () => {
    const { directory } = repository({ "a.ts": "1" });
    put(directory, "a.ts", "2");
    commit(directory, "Two\n\nMark: 1\n");
    const shallow = `${temporaryDirectory()}/shallow`;
    inShell(directory, `git clone -q --depth 1 "file://${directory}" "${shallow}"`);
    const { baseFiles } = await workspaceOn(shallow, head(shallow), mode);
    expect(await baseFiles.history(["a.ts"], "Mark: ")).toBeNull();
  });
});

test.each([
  ["took too long", { exitCode: null, timedOut: true, truncated: false }],
  ["found too much", { exitCode: 0, timedOut: false, truncated: true }],
  ["failed", { exitCode: 128, timedOut: false, truncated: false }],
])("a search that %s found nothing of use, and its bounds were told to git", async (_, end) => {
  const bounds: unknown[] = [];
  const search = openBaseSearch((_args, given) => (bounds.push(given), Promise.resolve({ ...end, stdout: new TextEncoder().encode("c:a.ts\0x\n"), stderr: new Uint8Array(), signal: null })), "c");
  expect(await search.search("x", { ignoreCase: false })).toBeNull();
  expect(await search.history(["a"], "Mark: ")).toBeNull();
  expect(bounds).toEqual([0, 1].map(() => ({ timeoutMs: 15_000, maxOutputBytes: 4 * 1024 * 1024 })));
});
