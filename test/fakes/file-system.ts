import { fileSystemOver, type Room, type SystemCalls } from "../../src/shared/durable-files.ts";
import type { FileSystem } from "../../src/shared/ports.ts";

/**
 * What a power cut does to bytes that were written and never synced. A number is the share of them that survives; `holed` is
 * out of order: every other sector of 512 bytes was never written. What was not written reads as before, or as zeros where the
 * file has grown.
 */
export type Unsynced = "lost" | "kept" | "zeroed" | "holed" | number;

export interface CrashChoice {
  readonly unsynced: Unsynced;
  /** Whether new, renamed and removed names survive that no directory sync made durable. */
  readonly names: "lost" | "kept";
}

/** A disk with a page cache in front of it, under the product's own file system code. */
export interface MemoryDisk {
  readonly fileSystem: FileSystem;
  /** System calls so far. */
  readonly calls: number;
  /** The machine dies at call number `n` (1-based, before it does anything): it and all later ones throw until `powerOn`. Null: never. */
  crashAtCall(n: number | null): void;
  /** What is left on disk after a power cut; the machine is on again. */
  powerCut(choice: CrashChoice): void;
  /** The process died, the machine did not: everything written is there. */
  powerOn(): void;
  /** The next fsync of a file fails with this code and, as on Linux, what it covered never reaches the disk. */
  failNextSync(code: "EIO" | "ENOSPC"): void;
  /** Bytes that can still be written before ENOSPC; null: no limit. */
  setFreeBytes(bytes: number | null): void;
  /** Every file as the running system sees it, by path. */
  snapshot(): ReadonlyMap<string, Uint8Array>;
  /** Puts a file there, durably, whatever its parents. */
  plant(path: string, bytes: Uint8Array): void;
}

/** Thrown by every call of a machine that is off. */
export class MachineOff extends Error {}

interface FileNode {
  readonly kind: "file";
  data: Buffer;
  length: number;
  /** What is on disk. */
  durable: Buffer;
  durableLength: number;
  /** Where `data` may differ from `durable`: from the first byte written since the last sync to behind the last one. */
  dirty: { start: number; end: number };
  /** Opened anew and not synced since: what was never written does not show the old bytes. */
  fresh: boolean;
  /** A sync failed: later ones report success and save nothing. */
  broken: boolean;
}
interface DirectoryNode {
  readonly kind: "directory";
  entries: Map<string, DiskNode>;
  durable: Map<string, DiskNode>;
}
type DiskNode = FileNode | DirectoryNode;

const CLEAN = { start: Number.POSITIVE_INFINITY, end: 0 };
const newFile = (content: Uint8Array = new Uint8Array()): FileNode => ({
  kind: "file",
  data: Buffer.from(content),
  length: content.length,
  durable: Buffer.from(content),
  durableLength: content.length,
  dirty: CLEAN,
  fresh: false,
  broken: false,
});
const newDirectory = (): DirectoryNode => ({ kind: "directory", entries: new Map(), durable: new Map() });
const systemError = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });

function roomFor(buffer: Buffer, kept: number, length: number): Buffer {
  if (length <= buffer.length) return buffer;
  const grown = Buffer.alloc(Math.max(1024, buffer.length * 2, length));
  buffer.copy(grown, 0, 0, kept);
  return grown;
}

function write(file: FileNode, bytes: Uint8Array, position: number): void {
  const end = position + bytes.length;
  file.data = roomFor(file.data, file.length, end);
  file.data.set(bytes, position);
  file.length = Math.max(file.length, end);
  file.dirty = { start: Math.min(file.dirty.start, position), end: Math.max(file.dirty.end, end) };
}

function saveToDisk(file: FileNode): void {
  const { start, end } = file.dirty;
  file.durable = roomFor(file.durable, file.durableLength, file.length);
  if (start < end) file.data.copy(file.durable, start, start, end);
  file.durableLength = file.length;
  file.dirty = CLEAN;
  file.fresh = false;
}

/** The file's bytes after a power cut. */
function surviving(file: FileNode, unsynced: Unsynced): Buffer {
  const old = file.fresh ? Buffer.alloc(0) : file.durable.subarray(0, file.durableLength);
  const now = Buffer.from(file.data.subarray(0, file.length));
  if (unsynced === "lost") return Buffer.from(file.durable.subarray(0, file.durableLength));
  if (unsynced === "kept" || file.dirty.start >= file.length) return now;
  const { start, end } = file.dirty;
  if (typeof unsynced === "number") {
    const written = start + Math.floor((end - start) * unsynced);
    return Buffer.concat([now.subarray(0, written), old.subarray(Math.min(written, old.length), end), end <= old.length ? now.subarray(end) : Buffer.alloc(0)]);
  }
  for (let index = start; index < end; index += 1) {
    if (unsynced === "zeroed" || (index >> 9) % 2 === 0) now[index] = old[index] ?? 0;
  }
  return now;
}

/** Makes an empty disk. @param room of append files; as on a real one by default */
export function memoryDisk(room?: Room): MemoryDisk {
  const root = newDirectory();
  const open = new Map<number, DiskNode>();
  let nextHandle = 3;
  let calls = 0;
  let crashAt: number | null = null;
  let off = false;
  let syncFailure: string | null = null;
  let freeBytes: number | null = null;

  const call = (): void => {
    calls += 1;
    if (crashAt !== null && calls >= crashAt) off = true;
    if (off) throw new MachineOff("the machine is off");
  };
  /** A process uses the same few paths again and again. */
  const split = new Map<string, readonly string[]>();
  const namesOf = (path: string): readonly string[] => {
    const known = split.get(path);
    if (known !== undefined) return known;
    const names = path.split("/").filter((name) => name !== "");
    split.set(path, names);
    return names;
  };
  const down = (names: readonly string[], depth: number): DiskNode | undefined => {
    let node: DiskNode | undefined = root;
    for (let at = 0; at < Math.min(depth, names.length); at += 1) node = node?.kind === "directory" ? node.entries.get(names[at] ?? "") : undefined;
    return node;
  };
  const find = (path: string): DiskNode | undefined => down(namesOf(path), Infinity);
  const above = (names: readonly string[]): DiskNode | undefined => down(names, names.length - 1);
  const parentOf = (path: string): { readonly directory: DirectoryNode; readonly name: string } => {
    const names = namesOf(path);
    const directory = above(names);
    if (directory?.kind !== "directory") throw systemError("ENOENT", path);
    return { directory, name: names.at(-1) ?? "" };
  };
  const handle = (number: number): DiskNode => {
    const node = open.get(number);
    if (node === undefined) throw systemError("EBADF", String(number));
    return node;
  };

  const sync = (number: number): void => {
    call();
    const node = handle(number);
    if (node.kind === "directory") {
      node.durable = new Map(node.entries);
      return;
    }
    if (syncFailure !== null) {
      const code = syncFailure;
      syncFailure = null;
      node.broken = true;
      throw systemError(code, String(number));
    }
    if (node.broken) return;
    saveToDisk(node);
  };

  const system: SystemCalls = {
    openSync(path, flags) {
      call();
      let node = find(path);
      if (flags === "r" && node === undefined) throw systemError("ENOENT", path);
      if (flags === "wx" && node !== undefined) throw systemError("EEXIST", path);
      if (node === undefined) {
        const { directory, name } = parentOf(path);
        node = newFile();
        directory.entries.set(name, node);
      } else if (flags === "w" && node.kind === "file") {
        Object.assign(node, { length: 0, dirty: CLEAN, fresh: true });
      }
      open.set(nextHandle, node);
      return nextHandle++;
    },
    writeSync(number, bytes, offset, length, position) {
      call();
      const node = handle(number);
      if (node.kind !== "file") throw systemError("EISDIR", String(number));
      const fits = Math.min(length, freeBytes ?? length);
      if (fits === 0 && length > 0) throw systemError("ENOSPC", String(number));
      if (freeBytes !== null) freeBytes -= fits;
      write(node, bytes.subarray(offset, offset + fits), position);
      return fits;
    },
    ftruncateSync(number, length) {
      call();
      const node = handle(number);
      if (node.kind !== "file") throw systemError("EINVAL", String(number));
      node.length = length;
      node.dirty = { start: node.dirty.start, end: Math.min(node.dirty.end, length) };
    },
    fsyncSync: sync,
    fdatasyncSync: sync,
    closeSync(number) {
      call();
      open.delete(number);
    },
    renameSync(from, to) {
      call();
      const source = parentOf(from);
      const target = parentOf(to);
      const node = source.directory.entries.get(source.name);
      if (node === undefined) throw systemError("ENOENT", from);
      source.directory.entries.delete(source.name);
      target.directory.entries.set(target.name, node);
    },
    mkdirSync(path) {
      call();
      let node: DiskNode = root;
      for (const name of namesOf(path)) {
        if (node.kind !== "directory") throw systemError("ENOTDIR", path);
        const next: DiskNode = node.entries.get(name) ?? newDirectory();
        node.entries.set(name, next);
        node = next;
      }
    },
    readFileSync(path) {
      call();
      const node = find(path);
      if (node?.kind !== "file") throw systemError(node === undefined ? "ENOENT" : "EISDIR", path);
      return Buffer.from(node.data.subarray(0, node.length));
    },
    readdirSync(path) {
      call();
      const node = find(path);
      if (node?.kind !== "directory") throw systemError("ENOENT", path);
      return [...node.entries.keys()];
    },
    statSync(path) {
      call();
      const node = find(path);
      return node === undefined ? undefined : { size: node.kind === "file" ? node.length : 0 };
    },
    rmSync(path) {
      call();
      const names = namesOf(path);
      const directory = above(names);
      if (directory?.kind === "directory") directory.entries.delete(names.at(-1) ?? "");
    },
  };

  const survive = (node: DiskNode, choice: CrashChoice): DiskNode => {
    if (node.kind === "file") {
      return newFile(surviving(node, choice.unsynced));
    }
    const kept = choice.names === "kept" ? node.entries : node.durable;
    const entries = new Map([...kept].map(([name, child]) => [name, survive(child, choice)]));
    return { kind: "directory", entries, durable: new Map(entries) };
  };
  const powerOn = (): void => {
    off = false;
    crashAt = null;
    open.clear();
  };

  return {
    fileSystem: fileSystemOver(system, room),
    get calls() {
      return calls;
    },
    crashAtCall(n) {
      crashAt = n;
    },
    powerCut(choice) {
      const after = survive(root, choice);
      if (after.kind === "directory") Object.assign(root, { entries: after.entries, durable: after.durable });
      powerOn();
    },
    powerOn,
    failNextSync(code) {
      syncFailure = code;
    },
    setFreeBytes(bytes) {
      freeBytes = bytes;
    },
    snapshot() {
      const files = new Map<string, Uint8Array>();
      const walk = (node: DiskNode, path: string): void => {
        if (node.kind === "file") files.set(path, Buffer.from(node.data.subarray(0, node.length)));
        else for (const [name, child] of node.entries) walk(child, `${path}/${name}`);
      };
      walk(root, "");
      return files;
    },
    plant(path, bytes) {
      let directory = root;
      const names = namesOf(path);
      for (const name of names.slice(0, -1)) {
        const next = directory.entries.get(name) ?? newDirectory();
        if (next.kind !== "directory") throw systemError("ENOTDIR", path);
        directory.entries.set(name, next);
        directory.durable.set(name, next);
        directory = next;
      }
      const file = newFile(bytes);
      directory.entries.set(names.at(-1) ?? "", file);
      directory.durable.set(names.at(-1) ?? "", file);
    },
  };
}
