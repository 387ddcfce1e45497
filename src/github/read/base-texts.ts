import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl } from "../graphql.ts";
import { blobSchema, fileOf } from "./file.ts";

/** Files asked for in one query. */
const CHUNK = 50;

/** Texts of files at a commit, by path: null for one that is not there, `unread` for what is no text or is cut. */
export async function readTexts(github: GitHub, { owner, repo }: Repository, { commit, paths }: { readonly commit: string; readonly paths: readonly string[] }): Promise<ReadonlyMap<string, string | null | { readonly unread: true }>> {
  const texts = new Map<string, string | null | { readonly unread: true }>();
  for (let from = 0; from < paths.length; from += CHUNK) {
    const part = paths.slice(from, from + CHUNK);
    const fields = part.map((_, index) => `f${index}: object(expression: $p${index}) { __typename ... on Blob { byteSize isBinary isTruncated text } }`);
    const { repository } = await queryGraphQl(github, {
      document: `query Texts($owner: String!, $name: String!, ${part.map((_, index) => `$p${index}: String!`).join(", ")}) { repository(owner: $owner, name: $name) { ${fields.join(" ")} } }`,
      variables: { owner, name: repo, ...Object.fromEntries(part.map((path, index) => [`p${index}`, `${commit}:${path}`])) },
      schema: z.object({ repository: z.record(z.string(), blobSchema.nullable()).nullable() }),
      mayBeMissing: ["repository"],
    });
    for (const [index, path] of part.entries()) {
      const file = fileOf(repository?.[`f${index}`] ?? null);
      texts.set(path, repository === null || (file !== null && file.text === null) ? { unread: true } : (file?.text ?? null));
    }
  }
  return texts;
}
