/** fault 57: whatever an agent does to the files, each of it is in the snapshot or named as left out. */
import { rmSync } from "node:fs";
import fc from "../fakes/fast-check.ts";
import { expect, test } from "vitest";
import { readManifest } from "../../src/record/manifest.ts";
import { blobStore, inShell, repository, workspaceOn } from "./small-repository.ts";

const LFS = "version https://git-lfs.github.com/spec/v1\\noid sha256:0\\nsize 1\\n";
const COMMIT = "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x";

interface Deed {
  readonly what: string;
  /** Run in the workspace. */
  readonly command: string;
  /** Where it shows, as the manifest or the list of what was left out spells it. */
  readonly path: string;
  readonly outcome: "kept" | "named";
}

const DEEDS: readonly Deed[] = [
  { what: "a new file", command: "echo new > new.txt", path: "new.txt", outcome: "kept" },
  { what: "a binary file", command: "head -c 300 /dev/urandom > bin.dat", path: "bin.dat", outcome: "kept" },
  { what: "CRLF lines", command: "printf 'a\\r\\nb\\r\\n' > crlf.txt", path: "crlf.txt", outcome: "kept" },
  { what: "a change of mode only", command: "chmod +x plain.txt", path: "plain.txt", outcome: "kept" },
  { what: "a link to nowhere", command: "ln -sfn /nowhere link", path: "link", outcome: "kept" },
  { what: "a file in the place of a directory", command: "rm -rf dir && echo file > dir", path: "dir", outcome: "kept" },
  { what: "a directory in the place of a file", command: "rm -f tall.txt && mkdir tall.txt && echo in > tall.txt/in", path: "tall.txt/in", outcome: "kept" },
  { what: "a deletion", command: "rm -f gone.txt", path: "gone.txt", outcome: "kept" },
  { what: "a renaming", command: "mv moved.txt elsewhere.txt", path: "elsewhere.txt", outcome: "kept" },
  { what: "a name that looks like an option", command: "echo x > ./--force", path: "--force", outcome: "kept" },
  { what: "a name in another script", command: "echo x > 日本.txt", path: "日本.txt", outcome: "kept" },
  { what: "a name that is not UTF-8", command: "echo x > $'bad-\\xff'", path: "bad-\uFFFD", outcome: "named" },
  { what: "a name with a line end", command: "echo x > $'two\\nlines'", path: "two\\nlines", outcome: "named" },
  { what: "a name that differs in case", command: "echo x > CASE.txt", path: "CASE.txt", outcome: "named" },
  { what: "a name that differs in Unicode form", command: "echo x > $'cafe\\xcc\\x81.txt'", path: "cafe\u0301.txt", outcome: "named" },
  { what: "a file that Git LFS keeps", command: "echo smudged > kept.lfs", path: "kept.lfs", outcome: "named" },
  { what: "a submodule that moved", command: `git -C module -c user.name=a -c user.email=a@b commit -q --allow-empty -m moved`, path: "module", outcome: "named" },
  { what: "a repository inside", command: `rm -rf nested && git init -q nested && (cd nested && ${COMMIT} && echo x > x)`, path: "nested/", outcome: "named" },
  { what: "a fifo in the place of a file", command: "rm -f pipe.txt && mkfifo pipe.txt", path: "pipe.txt", outcome: "named" },
  { what: "a file that is too large", command: "truncate -s 105000000 huge.bin", path: "huge.bin", outcome: "named" },
];

test("fault 57: any set of deeds, in any order: each is kept or named, and naming one costs no other", async () => {
  const files = { "plain.txt": "p", "dir/a": "a", "dir/b": "b", "tall.txt": "t", "gone.txt": "g", "moved.txt": "m", "case.txt": "c", "caf\u00e9.txt": "c", "kept.lfs": "", "pipe.txt": "p" };
  const { directory } = repository(files);
  inShell(directory, `printf '${LFS}' > kept.lfs; git init -q module && (cd module && ${COMMIT}); git add module kept.lfs 2>/dev/null; git commit -qm more`);
  const base = inShell(directory, "git rev-parse HEAD").trim();
  const reset = () => {
    inShell(directory, `git -C module checkout -q "$(git rev-parse HEAD:module)"; find . -name '*.txt' -type p -delete; rm -rf nested; git checkout -q -f . ; git clean -qfdx`);
    rmSync(`${directory}/nested`, { recursive: true, force: true });
  };
  reset();
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...DEEDS], { minLength: 1 }), async (deeds) => {
      reset();
      const workspace = await workspaceOn(directory, base, "weak");
      for (const { command } of deeds) inShell(directory, command);
      const journal = blobStore();
      const saved = await workspace.save(journal.put);
      const manifest = readManifest(journal.blobs.get(saved?.manifest ?? "") ?? new Uint8Array());
      if (!manifest.ok) throw new Error(`nothing was saved: ${manifest.error.message}`);
      const kept = new Set(manifest.value.entries.map(({ path }) => path));
      const named = new Set(manifest.value.unsupported.map(({ path }) => path));
      expect(deeds.filter(({ path, outcome }) => !(outcome === "kept" ? kept : named).has(path)).map(({ what }) => what)).toEqual([]);
      expect(await workspace.save(journal.put)).toBeNull();
    }),
    { numRuns: 8 },
  );
});
