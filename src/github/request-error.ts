import { z } from "zod";

/**
 * A failed request as Octokit throws it. A network error or time-out has status 500 and no response,
 * so every status of 500 and more means: it may or may not have been done.
 */
const requestErrorSchema = z.object({
  status: z.int(),
  message: z.string().catch(""),
  response: z
    .object({
      headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()).catch({}),
      data: z.unknown(),
    })
    .optional()
    .catch(undefined),
});
export type RequestFailure = z.infer<typeof requestErrorSchema>;

/** The connection broke after the answer had begun: like a network error, what was asked for may or may not have been done. */
export class BrokenAnswerError extends Error {
  readonly status = 500;

  constructor(cause: unknown) {
    super("The connection broke while GitHub's answer was read.", { cause });
    this.name = "BrokenAnswerError";
  }
}

/** The facts of a failed request, also behind the words it was given; null when the thrown thing is something else (a bug). */
export function requestFailure(error: unknown): RequestFailure | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    const parsed = requestErrorSchema.safeParse(each);
    if (parsed.success) return parsed.data;
  }
  return null;
}

export const hasStatus = (error: unknown, ...statuses: readonly number[]): boolean => {
  const failure = requestFailure(error);
  return failure !== null && statuses.includes(failure.status);
};

/** A server or network failure: a read may be repeated, a write must be looked up first. */
export const isOutage = (error: unknown): boolean => (requestFailure(error)?.status ?? 0) >= 500;

const saidSchema = z.object({ message: z.string() });

/** GitHub's own words about a failure, for people. */
export function whatGitHubSaid(failure: RequestFailure): string {
  const said = saidSchema.safeParse(failure.response?.data);
  return said.success ? said.data.message : failure.message;
}
