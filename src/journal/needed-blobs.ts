/**
 * Which blobs the lines of a log still need. Each state of the files but the newest one of its session is superseded: nothing that
 * is folded, shown or delivered reads it. So of a file that was saved many times one content stays.
 */
import { z } from "zod";
import { readManifest } from "../record/manifest.ts";
import type { SegmentBlob } from "./segment.ts";

const lineSchema = z.object({ stream: z.string(), kind: z.string(), data: z.record(z.string(), z.unknown()) });
type Line = z.infer<typeof lineSchema>;

const SHA256_CHARS = 64;
/** SHA-256 as the record writes it, wherever it stands: a blob that is merely mentioned is kept. */
const SHA256 = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;

/**
 * @param lines checked lines of a log, without newlines
 * @param getBlob null for what the journal does not hold
 * @returns the blobs, each once, in the order they are first named
 */
export async function neededBlobs(lines: readonly string[], getBlob: (sha256: string) => Promise<Uint8Array | null>): Promise<readonly SegmentBlob[]> {
  const parsed = lines.map((line): Line => lineSchema.parse(JSON.parse(line)));
  const newest = new Map(parsed.flatMap((line) => (line.kind === "workspace_saved" ? [[line.stream, line] as const] : [])));
  const named = new Set<string>();
  const manifests = new Set<string>();
  for (const line of parsed) {
    if (line.kind === "workspace_saved" && newest.get(line.stream) !== line) continue;
    collect(line.data, named, manifests);
  }
  const blobs = new Map<string, Uint8Array>();
  const take = async (sha256: string): Promise<Uint8Array | null> => {
    const bytes = blobs.get(sha256) ?? (await getBlob(sha256));
    if (bytes !== null) blobs.set(sha256, bytes);
    return bytes;
  };
  for (const sha256 of named) await take(sha256);
  for (const sha256 of manifests) {
    const bytes = await take(sha256);
    const manifest = bytes === null ? null : readManifest(bytes);
    if (manifest?.ok !== true) continue;
    for (const entry of manifest.value.entries) if ("sha256" in entry) await take(entry.sha256);
  }
  return [...blobs].map(([sha256, bytes]) => ({ sha256, bytes }));
}

/** What a value names, and the manifests among it: of the event itself (`workspace_saved`) and of the snapshots in it. */
function collect(value: unknown, named: Set<string>, manifests: Set<string>): void {
  if (typeof value === "string") return nameIn(value, named);
  if (value === null || typeof value !== "object") return;
  for (const [key, member] of Object.entries(value)) {
    nameIn(key, named);
    if (key === "manifest" && typeof member === "string") manifests.add(member);
    collect(member, named, manifests);
  }
}

function nameIn(text: string, named: Set<string>): void {
  if (text.length < SHA256_CHARS) return;
  for (const [sha256] of text.matchAll(SHA256)) named.add(sha256);
}
