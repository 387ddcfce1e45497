/** What of a pull request's head is read as data, and what keeps it from being reviewed, in words. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { GitHub } from "../../../src/github/client.ts";
import { readHeadFiles } from "../../../src/hosts/runner/agent/head-files.ts";
import { readManifest } from "../../../src/record/manifest.ts";
import { sha256Hex } from "../../../src/shared/hash.ts";

const BASE = "a".repeat(40);
const HEAD = "b".repeat(40);
const gone = (status: number) => Object.assign(new Error("gone"), { status, response: { headers: {}, data: { message: "gone" } } });
const oidOf = (text: string): string => createHash("sha1").update(`blob ${Buffer.byteLength(text)}\0${text}`).digest("hex");

interface Entry {
  readonly text: string;
  readonly mode?: string;
  readonly type?: string;
  readonly size?: number;
}
interface Shown {
  readonly base?: Readonly<Record<string, Entry>>;
  readonly head?: Readonly<Record<string, Entry>>;
  readonly truncated?: boolean;
  readonly status?: number;
  readonly redacts?: string;
}

async function read({ base = {}, head = {}, truncated = false, status, redacts }: Shown) {
  const asked: string[] = [];
  const blobs = new Map<string, Uint8Array>();
  const github: GitHub = {
    async request(route, parameters) {
      if (route === "GET /repos/{owner}/{repo}/git/trees/{tree_sha}") {
        const isHead = parameters?.["tree_sha"] === HEAD;
        if (isHead && status !== undefined) throw gone(status);
        const tree = Object.entries(isHead ? head : base).map(([path, { text, mode = "100644", type = "blob", size = Buffer.byteLength(text) }]) => ({ path, mode, type, sha: oidOf(text), size }));
        return { data: { sha: (isHead ? "2" : "1").repeat(40), truncated, tree } } as never;
      }
      asked.push(String(parameters?.["file_sha"]));
      const text = Object.values(head).find((each) => oidOf(each.text) === parameters?.["file_sha"])?.text ?? "";
      return { data: { content: Buffer.from(text).toString("base64"), encoding: "base64" } } as never;
    },
  };
  const putBlob = async (bytes: Uint8Array): Promise<string> => {
    const kept = redacts !== undefined && Buffer.from(bytes).includes(redacts) ? Buffer.from("***") : bytes;
    blobs.set(sha256Hex(kept), kept);
    return sha256Hex(kept);
  };
  const result = await readHeadFiles(github, { owner: "o", repo: "r" }, { mergeBase: BASE, headSha: HEAD }, putBlob);
  const manifest = result.ok ? readManifest(blobs.get(result.value.manifest) ?? new Uint8Array()) : null;
  return { result, asked, manifest: manifest?.ok === true ? manifest.value : null };
}

test("what differs is read by its name, and nothing else is asked for", async () => {
  const { result, asked, manifest } = await read({ base: { same: { text: "s" }, gone: { text: "g" }, old: { text: "1" } }, head: { same: { text: "s" }, old: { text: "2" }, "new/run.sh": { text: "#!", mode: "100755" }, link: { text: "old", mode: "120000" }, new: { text: "", type: "tree", mode: "040000" } } });
  expect(result).toMatchObject({ ok: true, value: { base: BASE, tree: "2".repeat(40), changedFiles: 4 } });
  expect(manifest?.entries.map((entry) => ["deleted" in entry ? "-" : entry.mode, entry.path])).toEqual([["-", "gone"], ["120000", "link"], ["100755", "new/run.sh"], ["100644", "old"]]);
  expect(asked).toHaveLength(3);
});

const many = Object.fromEntries(Array.from({ length: 301 }, (_, at) => [`f${at}`, { text: String(at) }]));
test.each<{ why: string; shown: Shown; says: string }>([
  { why: "a commit that a force-push dropped (404)", shown: { status: 404 }, says: "force-pushed over it" },
  { why: "a commit whose name GitHub cannot make out (422)", shown: { status: 422 }, says: "force-pushed over it" },
  { why: "a tree that GitHub cuts", shown: { truncated: true }, says: "does not list all files" },
  { why: "too many files", shown: { head: many }, says: "It changes 301 files" },
  { why: "too many bytes", shown: { head: { a: { text: "a", size: 20 * 1024 * 1024 }, b: { text: "b", size: 20 * 1024 * 1024 } } }, says: "at most 33554432 are read" },
  { why: "a submodule", shown: { head: { sub: { text: "x", mode: "160000", type: "commit" } } }, says: "is a submodule" },
  { why: "a path that leads out of the repository", shown: { head: { "../x": { text: "x" } } }, says: "cannot be held" },
  { why: "a path into git's own folder", shown: { head: { ".git/hooks/pre-commit": { text: "x" } } }, says: "cannot be held" },
  { why: "a file that holds a secret of this job", shown: { head: { a: { text: "k3y" } }, redacts: "k3y" }, says: "holds a secret of this job" },
])("$why is refused in words", async ({ shown, says }) => {
  const { result } = await read(shown);
  expect(result).toMatchObject({ ok: false, error: { kind: "head-not-readable", message: expect.stringContaining(says) } });
});

test("an outage is none of these: it is thrown", async () => {
  await expect(read({ status: 500 })).rejects.toThrow("gone");
});
