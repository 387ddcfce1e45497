/**
 * The manifest of a workspace snapshot: every path in which the snapshot's tree differs from its base commit's. A journal blob
 * (canonical JSON). The deliver job reads it as input from an adversary, so its rules on paths are strict.
 *
 * M1. A path is relative, has no empty, `.`, `..` or `.git` part in any spelling a file system could take for one, and no control character.
 * M2. Entries are sorted by path (UTF-16 code units); none is named twice; none lies below another that is a file.
 */
import { z } from "zod";
import type { Refusal } from "../shared/errors.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { gitOidSchema, sha256Schema } from "./envelope.ts";
import { BLOB_LIMIT_BYTES } from "./limits.ts";

/** Entries of one manifest; a change beyond it is no work for one pull request (P-pull-request-files). */
export const MANIFEST_ENTRY_LIMIT = 20_000;
/** Linux's PATH_MAX. */
const PATH_LIMIT_BYTES = 4_096;

/** Characters that HFS+ ignores in names: `.g<U+200C>it` is `.git` there (git's own list, utf8.c `next_hfs_char`). */
const HFS_IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** Why a path cannot be in a manifest, in words; null if it can (M1). */
export function pathFault(path: string): string | null {
  if (path === "") return "the path is empty";
  if (!path.isWellFormed()) return "the name is not valid Unicode";
  if (new TextEncoder().encode(path).length > PATH_LIMIT_BYTES) return `the path is longer than ${PATH_LIMIT_BYTES} bytes`;
  if (/[\u0000-\u001f\u007f]/.test(path)) return "the name holds a control character";
  for (const part of path.split("/")) {
    if (part === "" || part === "." || part === "..") return "the path has an empty, . or .. part";
    // A backslash separates on Windows; git refuses the same names there (core.protectNTFS).
    if (part.split("\\").some(isGitDirectory)) return "the path leads into a .git directory";
  }
  return null;
}

/** `.git` as HFS+ and NTFS may read it: case, ignored characters, the short name, trailing dots and spaces, streams. */
const isGitDirectory = (name: string): boolean => /^(?:\.git|git~1)[. ]*(?::.*)?$/i.test(name.replace(HFS_IGNORED, ""));

const pathSchema = z.string().superRefine((path, context) => {
  const fault = pathFault(path);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});

export const fileModeSchema = z.enum(["100644", "100755", "120000"]);
/** Regular file, executable file, symbolic link. */
export type FileMode = z.infer<typeof fileModeSchema>;

const fileEntrySchema = z.strictObject({
  path: pathSchema,
  mode: fileModeSchema,
  /** Git's name of the content. */
  oid: gitOidSchema,
  size: z.int().min(0).max(BLOB_LIMIT_BYTES),
  /** The journal blob of the content; of a symbolic link its target. */
  sha256: sha256Schema,
});
const deletedEntrySchema = z.strictObject({ path: pathSchema, deleted: z.literal(true) });

export const manifestEntrySchema = z.union([fileEntrySchema, deletedEntrySchema]);
export type ManifestEntry = z.infer<typeof manifestEntrySchema>;

export const manifestSchema = z.strictObject({
  v: z.literal(1),
  base: gitOidSchema,
  tree: gitOidSchema,
  entries: z.array(manifestEntrySchema).max(MANIFEST_ENTRY_LIMIT).superRefine((entries, context) => {
    const fault = orderFault(entries);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  }),
  /** What was changed in the workspace and is not in the tree, and why; for people. */
  unsupported: z.array(z.strictObject({ path: z.string(), reason: z.string() })).max(MANIFEST_ENTRY_LIMIT),
});
export type Manifest = z.infer<typeof manifestSchema>;

function orderFault(entries: readonly ManifestEntry[]): string | null {
  const files = new Set<string>();
  let before = "";
  for (const entry of entries) {
    if (entry.path <= before) return `${entry.path} is out of order or named twice`; // M2
    before = entry.path;
    if (!("deleted" in entry)) files.add(entry.path);
  }
  for (const { path } of entries.filter((entry) => !("deleted" in entry))) {
    for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
      if (files.has(path.slice(0, slash))) return `${path} lies below a file`; // M2
    }
  }
  return null;
}

/** Reads a manifest blob. @returns refusal `bad-manifest`, naming the first rule that does not hold */
export function readManifest(bytes: Uint8Array): Result<Manifest, Refusal<"bad-manifest">> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return refuse(error.message);
    throw error;
  }
  const parsed = manifestSchema.safeParse(value);
  return parsed.success ? ok(parsed.data) : refuse(z.prettifyError(parsed.error).slice(0, 500));
}

const refuse = (message: string) => err({ kind: "bad-manifest" as const, message: `A snapshot's manifest is not valid: ${message}`, fix: "Do not use this snapshot; run the work item again." });
