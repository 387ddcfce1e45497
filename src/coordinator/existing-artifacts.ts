/**
 * Finds what need not be made again, and what has to be there first, in the commit that the work builds on.
 *
 * I9. From git's objects of the base commit only: neither a link nor the working tree is followed. Nothing is cut: what is too large is
 *     passed over, with its size and the limit.
 */
import picomatch from "picomatch";
import type { RequiredArtifact, TakenArtifact } from "../record/index.ts";
import { revealHidden } from "../shared/hidden.ts";
import { sha256Hex } from "../shared/hash.ts";
import type { BaseFile, BaseFiles } from "../workspace/index.ts";
import type { NamedFile } from "./linked-files.ts";

/** One file; a spec of twenty printed pages. A session's context holds 256 KB (`CONTEXT_LIMIT_BYTES`), escapes included. */
const MOST_BYTES = 32 * 1024;
/** All of them together. */
const MOST_BYTES_TOGETHER = 96 * 1024;
const MOST_FILES = 5;

export interface Existing {
  readonly taken: readonly TakenArtifact[];
  readonly passedOver: readonly { readonly path: string; readonly why: string }[];
}

/** @param pitches globs, in order; they come before what the text names */
export async function existingArtifacts(files: BaseFiles, wanted: { readonly named: readonly NamedFile[]; readonly pitches: readonly string[]; readonly redact: (text: string) => string }): Promise<Existing> {
  const pitches = (await Promise.all(wanted.pitches.map((glob) => matching(files, glob)))).flat();
  const listed = await files.find(wanted.named.map(({ path }) => path));
  const linked = wanted.named.map(({ path, as }) => ({ path, as, file: listed.find((each) => each.path === path) }));
  const all = [...pitches.map((file) => ({ path: file.path, as: "pitch" as const, file })), ...linked];
  const taken: TakenArtifact[] = [];
  const passedOver: { path: string; why: string }[] = [];
  let room = MOST_BYTES_TOGETHER;
  for (const { path, as, file } of new Map(all.map((each) => [each.path, each])).values()) {
    const why = whyNot(file, { room, taken: taken.length });
    const text = file === undefined || why !== null ? null : await files.read(file);
    if (file === undefined || text === null) {
      passedOver.push({ path, why: why ?? "it is not a text in UTF-8" });
      continue;
    }
    room -= file.sizeBytes;
    taken.push({ path, as, sha256: sha256Hex(text), sizeBytes: file.sizeBytes, text: wanted.redact(revealHidden(text)) });
  }
  return { taken, passedOver };
}

function whyNot(file: BaseFile | undefined, { room, taken }: { readonly room: number; readonly taken: number }): string | null {
  if (file === undefined) return "there is no such file in the commit that the work builds on";
  if (file.kind === "link") return "it is a symbolic link, and those are not followed";
  if (file.sizeBytes > MOST_BYTES) return `it has ${file.sizeBytes} bytes, at most ${MOST_BYTES} are taken`;
  if (taken >= MOST_FILES) return `at most ${MOST_FILES} files are taken`;
  return file.sizeBytes > room ? `it has ${file.sizeBytes} bytes, and ${room} are left of the ${MOST_BYTES_TOGETHER} for all files together` : null;
}

/** The globs that mean something here: a local task has no number to put in. */
export const globsFor = (globs: readonly string[], issueNumber: number | null): readonly string[] =>
  globs.filter((glob) => issueNumber !== null || !glob.includes("{number}")).map((glob) => glob.replaceAll("{number}", String(issueNumber)));

/** Files, not links, that fit a glob whose first part is a name. */
async function matching(files: BaseFiles, glob: string): Promise<readonly BaseFile[]> {
  const { base } = picomatch.scan(glob);
  const fits = picomatch(glob, { dot: true, nonegate: true });
  return (await files.find([base])).filter(({ path }) => fits(path)).toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** What of it is not there. @param labels of the issue; null for a local task, which has none to ask for */
export async function missingArtifacts(files: BaseFiles, requires: readonly RequiredArtifact[], { issueNumber, labels }: { readonly issueNumber: number | null; readonly labels: readonly string[] | null }): Promise<readonly RequiredArtifact[]> {
  const missing: RequiredArtifact[] = [];
  for (const each of requires) {
    const unlabelled = each.label !== undefined && labels !== null && !labels.some((label) => label.toLowerCase() === each.label?.toLowerCase());
    if (unlabelled || (each.path !== undefined && !(await isThere(files, each.path, issueNumber)))) missing.push(each);
  }
  return missing;
}

/** An empty file, or a link, is none. */
async function isThere(files: BaseFiles, path: string, issueNumber: number | null): Promise<boolean> {
  const [glob] = globsFor([path], issueNumber);
  return glob === undefined || (await matching(files, glob)).some(({ kind, sizeBytes }) => kind === "file" && sizeBytes > 0);
}
