import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";

const filesSchema = z.array(z.object({ filename: z.string(), status: z.string(), previous_filename: z.string().optional() }));

const PER_PAGE = 100;
/** GitHub lists at most 3,000 files of a pull request (REST docs, "List pull requests files"). */
const MAX_PAGES = 30;

/** What a pull request does to one file; null when it leaves it as it is, as far as GitHub lists. */
export async function readFileChange(github: GitHub, repository: Repository, { pullNumber, path }: { readonly pullNumber: number; readonly path: string }): Promise<"changed" | "removed" | null> {
  const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}/files";
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const { data } = await github.request(route, { ...repository, pull_number: pullNumber, per_page: PER_PAGE, page });
    const files = parseAnswer(filesSchema, data, route);
    const file = files.find(({ filename, previous_filename: before }) => filename === path || before === path);
    if (file !== undefined) return file.filename === path && file.status !== "removed" ? "changed" : "removed";
    if (files.length < PER_PAGE) return null;
  }
  return null;
}
