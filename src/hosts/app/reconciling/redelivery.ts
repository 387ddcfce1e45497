/** Has failed webhook deliveries sent again (fault 28): GitHub does not do so by itself (P-webhook-order). */
import { z } from "zod";
import type { GitHub } from "../../../github/client.ts";
import { parseAnswer } from "../../../github/parse-answer.ts";
import { hasStatus } from "../../../github/request-error.ts";
import type { AppLog } from "../app-log.ts";

const LIST = "GET /app/hook/deliveries";
const deliveriesSchema = z.array(z.object({ id: z.union([z.int(), z.string().regex(/^\d+$/)]), guid: z.string(), delivered_at: z.string(), status_code: z.int(), event: z.string() }));
type Attempt = z.infer<typeof deliveriesSchema>[number];

/** Attempts at one delivery in all: what the App cannot take it will not take the fourth time. */
const MOST_ATTEMPTS = 3;
const PER_PAGE = 100;
/** Two thousand deliveries; what is older than these, a look through the repositories finds. */
const MAX_PAGES = 20;

/** @param github speaks as the App (by JWT) @param sinceMs deliveries attempted before it are left alone */
export async function redeliverFailed(github: GitHub, { sinceMs, log }: { readonly sinceMs: number; readonly log: AppLog }): Promise<void> {
  const byGuid = Map.groupBy(await attemptsSince(github, sinceMs), ({ guid }) => guid);
  for (const attempts of byGuid.values()) {
    const [newest] = attempts;
    if (newest === undefined || attempts.length >= MOST_ATTEMPTS || attempts.some(isDelivered)) continue;
    log.info("a failed delivery is sent again", { delivery: newest.guid, event: newest.event });
    try {
      await github.request("POST /app/hook/deliveries/{delivery_id}/attempts", { delivery_id: newest.id });
    } catch (error) {
      // GitHub does not keep it any more.
      if (!hasStatus(error, 400, 404, 422)) throw error;
    }
  }
}

const isDelivered = ({ status_code: code }: Attempt): boolean => code >= 200 && code < 300;

/** Newest first. */
async function attemptsSince(github: GitHub, sinceMs: number): Promise<readonly Attempt[]> {
  const all: Attempt[] = [];
  let cursor: string | null = null;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const response = await github.request(LIST, { per_page: PER_PAGE, ...(cursor === null ? {} : { cursor }) });
    const attempts = parseAnswer(deliveriesSchema, response.data, LIST);
    const recent = attempts.filter(({ delivered_at: at }) => Date.parse(at) >= sinceMs);
    all.push(...recent);
    cursor = nextCursor(response.headers["link"]);
    if (recent.length < attempts.length || cursor === null) break;
  }
  return all;
}

/** The list is paged by a cursor that only the `Link` header names. */
function nextCursor(link: string | number | undefined): string | null {
  const next = /<([^>]+)>; rel="next"/.exec(String(link ?? ""))?.[1];
  return next === undefined ? null : new URL(next).searchParams.get("cursor");
}
