import { validationFailed, type Reply } from "../reply.ts";

/** Characters an issue, pull request or comment body may have; observed in GitHub's own 422 answers (docs name no number). */
export const MAX_BODY_CHARS = 65_536;

/** The 422 for a body over the limit, else null. */
export function bodyTooLong(resource: string, body: string | null | undefined): Reply | null {
  if (body === null || body === undefined || [...body].length <= MAX_BODY_CHARS) return null;
  return validationFailed({ resource, field: "body", code: "custom", message: `body is too long (maximum is ${MAX_BODY_CHARS} characters)` });
}
