/** What the deliver job and the App say to each other when an identity token of the job is exchanged for a token of the App. */
import { z } from "zod";

/** What a token may write, by what it is wanted for; each reads `metadata` besides. */
export const EXCHANGE_GROUPS = {
  /** Comments, reviews, sub-issues. */
  talk: { issues: "write", pull_requests: "write" },
  /** Branches, the record, pull requests and their merging. */
  publish: { contents: "write", pull_requests: "write" },
  /** Check runs. */
  gate: { checks: "write" },
} as const;
export type ExchangeGroup = keyof typeof EXCHANGE_GROUPS;

export const exchangeRequestSchema = z.strictObject({
  group: z.enum(["talk", "publish", "gate"]),
  /** The run's ticket, as dispatched. */
  ticket: z.string().min(1),
});

export const exchangeAnswerSchema = z.object({
  token: z.string().min(1),
  expiresAt: z.iso.datetime(),
  /** Who the token acts as: the App and its account. */
  app: z.object({ id: z.int().min(1), slug: z.string().regex(/^[a-z0-9-]{1,100}$/) }),
});
export type ExchangeAnswer = z.infer<typeof exchangeAnswerSchema>;
