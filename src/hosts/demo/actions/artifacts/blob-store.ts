/** Blobs in the manner of Azure's block blobs: staged blocks, a committed list, bytes that stay once sealed. Kept in a directory. */
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256Hex } from "../../../../shared/hash.ts";

export interface CommittedBlob {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

export type WriteOutcome = "written" | "no-such-blob" | "sealed" | "unknown-block";

export interface BlobStore {
  create(): string;
  stageBlock(blobId: string, blockId: string, bytes: Uint8Array): WriteOutcome;
  /** Makes the blob of the staged blocks in this order. */
  commit(blobId: string, blockIds: readonly string[]): WriteOutcome;
  /** Writes the whole blob at once. */
  put(blobId: string, bytes: Uint8Array): WriteOutcome;
  /** Null until something is committed. */
  committed(blobId: string): CommittedBlob | null;
  /** From now on the blob never changes. */
  seal(blobId: string): void;
  read(blobId: string): Uint8Array | null;
  remove(blobId: string): void;
}

interface Blob {
  readonly path: string;
  readonly stagingDirectory: string;
  readonly blocks: Map<string, string>;
  sealed: boolean;
}

export function createBlobStore(directory: string): BlobStore {
  const blobs = new Map<string, Blob>();
  const staging = join(directory, "staged");
  mkdirSync(staging, { recursive: true });

  const change = (blobId: string, write: (blob: Blob) => WriteOutcome): WriteOutcome => {
    const blob = blobs.get(blobId);
    if (blob === undefined) return "no-such-blob";
    return blob.sealed ? "sealed" : write(blob);
  };

  return {
    create() {
      const id = randomUUID();
      blobs.set(id, { path: join(directory, id), stagingDirectory: join(staging, id), blocks: new Map(), sealed: false });
      return id;
    },
    stageBlock: (blobId, blockId, bytes) =>
      change(blobId, (blob) => {
        mkdirSync(blob.stagingDirectory, { recursive: true });
        const path = join(blob.stagingDirectory, sha256Hex(blockId));
        writeFileSync(path, bytes);
        blob.blocks.set(blockId, path);
        return "written";
      }),
    commit: (blobId, blockIds) =>
      change(blobId, (blob) => {
        const paths = blockIds.flatMap((blockId) => blob.blocks.get(blockId) ?? []);
        if (paths.length !== blockIds.length) return "unknown-block";
        writeFileSync(blob.path, "");
        for (const path of paths) appendFileSync(blob.path, readFileSync(path));
        return "written";
      }),
    put: (blobId, bytes) =>
      change(blobId, (blob) => {
        writeFileSync(blob.path, bytes);
        return "written";
      }),
    committed: (blobId) => describeFile(blobs.get(blobId)?.path),
    seal(blobId) {
      const blob = blobs.get(blobId);
      if (blob === undefined) return;
      blob.sealed = true;
      rmSync(blob.stagingDirectory, { recursive: true, force: true });
    },
    read: (blobId) => readIfThere(blobs.get(blobId)?.path),
    remove(blobId) {
      const blob = blobs.get(blobId);
      if (blob === undefined) return;
      rmSync(blob.path, { force: true });
      rmSync(blob.stagingDirectory, { recursive: true, force: true });
      blobs.delete(blobId);
    },
  };
}

const readIfThere = (path: string | undefined): Uint8Array | null => (path !== undefined && existsSync(path) ? readFileSync(path) : null);

function describeFile(path: string | undefined): CommittedBlob | null {
  const bytes = readIfThere(path);
  return path === undefined || bytes === null ? null : { path, size: bytes.length, sha256: sha256Hex(bytes) };
}
