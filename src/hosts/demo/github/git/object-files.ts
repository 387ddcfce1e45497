/** Git's loose objects and plain refs as files, read without a process. What is packed, or not plain, is git's own to read. */
import { readdirSync, readFileSync, type Dirent } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import type { ObjectType, Ref } from "./git.ts";

export const OBJECT_ID = /^[0-9a-f]{40}$/;
/** Names that every version of git takes, and that lead nowhere else as a path. */
const PLAIN_REF = /^refs(?:\/(?!\.)[A-Za-z0-9._-]*[A-Za-z0-9_-])+$/;
/** Larger ones are read again each time. */
const MAX_KEPT_BYTES = 256 * 1024;
const TREE_MODE = "40000";

interface StoredObject {
  readonly type: ObjectType;
  readonly bytes: Buffer;
}

/** An entry of one tree, as the tree names it. */
export interface NamedEntry {
  readonly name: string;
  readonly mode: string;
  readonly id: string;
}

export const isTreeMode = (mode: string): boolean => mode === TREE_MODE;
export const isPlainRef = (name: string): boolean => PLAIN_REF.test(name) && !name.includes("..") && !name.split("/").some((part) => part.endsWith(".lock"));

/** The objects of one bare repository. An id says what an object holds, so what was read once stays true. */
export class ObjectFiles {
  readonly #directory: string;
  readonly #known = new Map<string, StoredObject>();

  constructor(gitDirectory: string) {
    this.#directory = gitDirectory;
  }

  /** Null for an object that there is not, or that is packed. */
  read(id: string): StoredObject | null {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const file = OBJECT_ID.test(id) ? bytesOf(join(this.#directory, "objects", id.slice(0, 2), id.slice(2))) : null;
    if (file === null) return null;
    const whole = inflateSync(file);
    const end = whole.indexOf(0);
    const type = whole.toString("latin1", 0, whole.indexOf(" "));
    if (type !== "blob" && type !== "tree" && type !== "commit" && type !== "tag") return null;
    const object: StoredObject = { type, bytes: whole.subarray(end + 1) };
    if (object.bytes.byteLength <= MAX_KEPT_BYTES) this.#known.set(id, object);
    return object;
  }

  /** The entries of a tree; null where it is not to be read here. */
  tree(id: string): readonly NamedEntry[] | null {
    const object = this.read(id);
    if (object?.type !== "tree") return null;
    const { bytes } = object;
    const entries: NamedEntry[] = [];
    for (let at = 0; at < bytes.length; ) {
      const [space, end] = [bytes.indexOf(" ", at), bytes.indexOf(0, at)];
      entries.push({ mode: bytes.toString("latin1", at, space), name: bytes.toString("utf8", space + 1, end), id: bytes.toString("hex", end + 1, end + 21) });
      at = end + 21;
    }
    return entries;
  }

  /** What a ref of a plain name points to; undefined where only git can tell. */
  ref(name: string): string | null | undefined {
    if (!isPlainRef(name)) return undefined;
    const text = bytesOf(join(this.#directory, name))?.toString("latin1").trim();
    if (text === undefined) return this.#packedRefs().get(name) ?? null;
    return OBJECT_ID.test(text) ? text : undefined;
  }

  /** All refs by name; null where only git can tell. */
  refs(): readonly Ref[] | null {
    const ids = new Map(this.#packedRefs());
    for (const name of namesBelow(this.#directory, "refs")) {
      const id = this.ref(name);
      if (id === undefined) return null;
      if (id !== null) ids.set(name, id);
    }
    const refs: Ref[] = [];
    for (const name of [...ids.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
      const id = ids.get(name) ?? "";
      const object = this.read(id);
      if (object === null) return null;
      refs.push({ name, id, type: object.type });
    }
    return refs;
  }

  #packedRefs(): ReadonlyMap<string, string> {
    const lines = bytesOf(join(this.#directory, "packed-refs"))?.toString("utf8").split("\n") ?? [];
    return new Map(lines.filter((line) => /^[0-9a-f]{40} /.test(line)).map((line) => [line.slice(41), line.slice(0, 40)]));
  }
}

/** Files by their paths in `root`; the lock of a ref that is being moved is none of them. */
function namesBelow(root: string, directory: string): readonly string[] {
  return entriesOf(join(root, directory)).flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) return namesBelow(root, path);
    return entry.name.endsWith(".lock") ? [] : [path];
  });
}

/** Git takes away a directory with its last ref. */
function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && ["ENOENT", "EISDIR", "ENOTDIR"].includes(String(error.code));

function bytesOf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
