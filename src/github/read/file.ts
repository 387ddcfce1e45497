import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { hasStatus } from "../request-error.ts";

const fileSchema = z.object({
  type: z.literal("file"),
  encoding: z.string(),
  size: z.int(),
  content: z.string(),
  sha: z.string(),
});

export interface FileAtRef {
  /** Null when there is no text to be had: a directory, a submodule, more than 1 MB (by GraphQL half of it), or not UTF-8. */
  readonly text: string | null;
  readonly sizeBytes: number;
}

/** A small text file at a commit or branch, without `ref` on the default branch; null when there is none. */
export async function readFile(github: GitHub, repository: Repository, file: { readonly path: string; readonly ref?: string }): Promise<FileAtRef | null> {
  try {
    const { data } = await github.request("GET /repos/{owner}/{repo}/contents/{path}", { ...repository, ...file });
    const found = fileSchema.safeParse(data);
    if (!found.success) return { text: null, sizeBytes: 0 };
    return { text: found.data.encoding === "base64" ? decodeUtf8(found.data.content) : null, sizeBytes: found.data.size };
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

function decodeUtf8(base64: string): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(base64, "base64"));
  } catch {
    return null; // Not UTF-8.
  }
}

/** `... on Blob { byteSize isBinary isTruncated text }` of a GraphQL object, beside its `__typename`. */
export const blobSchema = z.object({
  __typename: z.string(),
  byteSize: z.int().default(0),
  isBinary: z.boolean().nullish(),
  isTruncated: z.boolean().default(false),
  text: z.string().nullish(),
});

/** What REST would have said of a file that GraphQL shows. */
export function fileOf(shown: z.infer<typeof blobSchema> | null): FileAtRef | null {
  if (shown === null) return null;
  const { byteSize: sizeBytes, isBinary, isTruncated, text } = shown;
  return { text: isBinary === true || isTruncated ? null : (text ?? null), sizeBytes };
}
