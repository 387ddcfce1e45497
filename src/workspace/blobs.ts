import type { PrivateGit } from "./private-git.ts";

/** Contents read in one go at most, beside a single larger one. */
const CHUNK_BYTES = 32 * 1024 * 1024;
/** Room for the line before each content. */
const HEADER_BYTES = 128;

/** Sizes of blobs by object name; names the repository does not hold (a partial clone's) are left out. */
export async function blobSizes(git: PrivateGit, oids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  if (oids.length === 0) return sizes;
  const lines = await git.text(["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"], { input: `${[...new Set(oids)].join("\n")}\n` });
  for (const line of lines.split("\n")) {
    const [oid = "", type, size] = line.split(" ");
    if (type === "blob") sizes.set(oid, Number(size));
  }
  return sizes;
}

/** Contents of blobs, in batches that fit into memory. @param sizes of exactly the blobs wanted */
export async function* readBlobs(git: PrivateGit, sizes: ReadonlyMap<string, number>): AsyncGenerator<{ readonly oid: string; readonly bytes: Uint8Array }> {
  let batch: string[] = [];
  let batchBytes = 0;
  for (const [oid, size] of sizes) {
    if (batch.length > 0 && batchBytes + size > CHUNK_BYTES) {
      yield* readBatch(git, batch, batchBytes);
      batch = [];
      batchBytes = 0;
    }
    batch.push(oid);
    batchBytes += size + HEADER_BYTES;
  }
  if (batch.length > 0) yield* readBatch(git, batch, batchBytes);
}

async function* readBatch(git: PrivateGit, oids: readonly string[], limitBytes: number) {
  const output = await git.run(["cat-file", "--batch"], { input: `${oids.join("\n")}\n`, maxOutputBytes: limitBytes });
  let at = 0;
  for (const oid of oids) {
    const end = output.indexOf(0x0a, at);
    const [name, type, size] = new TextDecoder().decode(output.subarray(at, end)).split(" ");
    if (name !== oid || type !== "blob") throw new Error(`git cat-file answered ${name} ${type} for ${oid}`);
    at = end + 1;
    yield { oid, bytes: output.subarray(at, at + Number(size)) };
    at += Number(size) + 1;
  }
}
