import type { ProbotOctokit } from "probot";
import { z } from "zod";
import type { AppLog } from "./app-log.ts";

const appSchema = z.object({ slug: z.string().regex(/^[a-z0-9-]{1,100}$/i) });

/** By which people mention the App, asked of GitHub once; null while GitHub does not say, and asked again next time. */
export function ownSlug(authenticate: () => Promise<Pick<ProbotOctokit, "request">>, log: AppLog): () => Promise<string | null> {
  let known: string | null = null;
  return async () => {
    if (known !== null) return known;
    try {
      known = appSchema.parse((await (await authenticate()).request("GET /app")).data).slug;
    } catch (error) {
      log.error(error, "GitHub did not say by which name the App is mentioned, so a comment was read for /worktrain alone", {});
    }
    return known;
  };
}
