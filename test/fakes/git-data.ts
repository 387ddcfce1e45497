import { hash } from "node:crypto";
import type { GitData, GitFile } from "../../src/shared/ports.ts";

const idOf = (kind: string, content: Uint8Array | string): string => hash("sha1", Buffer.concat([Buffer.from(`${kind} ${Buffer.byteLength(content)}\0`), Buffer.from(content)]), "hex");

/** Git data in memory; blobs have git's own ids. */
export function memoryGit(): GitData {
  const blobs = new Map<string, Uint8Array>();
  const trees = new Map<string, readonly GitFile[]>();
  const commits = new Map<string, { readonly tree: string; readonly parent: string | null }>();
  const refs = new Map<string, string>();
  const there = <T>(found: T | undefined, id: string): T => {
    if (found === undefined) throw new Error(`There is no object ${id}.`);
    return found;
  };
  return {
    async readHead(ref) {
      const commit = refs.get(ref);
      if (commit === undefined) return null;
      const { tree } = there(commits.get(commit), commit);
      return { commit, tree, files: there(trees.get(tree), tree) };
    },
    readBlob: async (blob) => there(blobs.get(blob), blob).slice(),
    async writeBlob(bytes) {
      const id = idOf("blob", bytes);
      blobs.set(id, bytes.slice());
      return id;
    },
    async writeTree(base, file) {
      const files = [...(base === null ? [] : there(trees.get(base), base)).filter(({ name }) => name !== file.name), file];
      const id = idOf("tree", JSON.stringify(files));
      trees.set(id, files);
      return id;
    },
    async writeCommit({ tree, parent, message }) {
      const id = idOf("commit", JSON.stringify([tree, parent, message]));
      commits.set(id, { tree, parent });
      return id;
    },
    async moveRef(ref, from, to) {
      if ((refs.get(ref) ?? null) !== from || there(commits.get(to), to).parent !== from) return false;
      refs.set(ref, to);
      return true;
    },
  };
}
