import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";
import { allPages } from "./pages.ts";

const listSchema = z.object({ statuses: z.array(z.object({ context: z.string(), state: z.string(), description: z.string().nullish(), target_url: z.string().nullish() })) });

/** What a service said of a commit, beside check runs. */
export interface CommitStatus {
  readonly context: string;
  /** `error`, `failure`, `pending` or `success`. */
  readonly state: string;
  readonly description: string;
  readonly url: string;
}

const MAX_PAGES = 10;

/** The newest of each context; none where the token may not read them (`statuses: read`). */
export async function readCommitStatuses(github: GitHub, repository: Repository, sha: string): Promise<readonly CommitStatus[]> {
  const route = "GET /repos/{owner}/{repo}/commits/{ref}/status";
  try {
    return await allPages(github, {
      route,
      parameters: { ...repository, ref: sha },
      items: (data) => parseAnswer(listSchema, data, route).statuses.map(({ context, state, description, target_url: url }) => ({ context, state, description: description ?? "", url: url ?? "" })),
      maxPages: MAX_PAGES,
    });
  } catch (error) {
    if (hasStatus(error, 403, 404)) return [];
    throw error;
  }
}

export const isRedStatus = ({ state }: Pick<CommitStatus, "state">): boolean => state === "failure" || state === "error";
