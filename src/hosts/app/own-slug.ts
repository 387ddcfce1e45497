import { z } from "zod";
import type { GitHub } from "../../github/client.ts";
import type { AppLog } from "./app-log.ts";

const appSchema = z.object({ slug: z.string().regex(/^[a-z0-9-]{1,100}$/i) });

/** By which people mention the App, asked of GitHub once; null while GitHub does not say, and asked again next time. */
export function ownSlug(app: GitHub, log: AppLog): () => Promise<string | null> {
  let known: string | null = null;
  return async () => {
    if (known !== null) return known;
    try {
      known = appSchema.parse((await app.request("GET /app")).data).slug;
    } catch (error) {
      log.error(error, "GitHub did not say by which name the App is mentioned, so a comment was read for /worktrain alone", {});
    }
    return known;
  };
}
