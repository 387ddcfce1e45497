/** What the job `verify` tells the deliver job, as the job output `verified`. Data of another job: parsed, and compared, never believed. */
import { z } from "zod";
import { gitOidSchema } from "./envelope.ts";

const verifiedSchema = z.object({
  v: z.literal(1),
  /** The tree that was tested, and the commit it builds on. */
  tree: gitOidSchema,
  base: gitOidSchema,
  commands: z.array(z.object({ command: z.string(), exitCode: z.int().nullable(), timedOut: z.boolean(), durationMs: z.number().min(0) })).max(50),
  sandbox: z.enum(["bubblewrap", "weak"]),
  /** Set-up steps had changed tracked files before the change was put on them. */
  beside: z.boolean(),
});
export type VerifiedClaim = z.infer<typeof verifiedSchema>;

/** Null for text that is none. */
export function parseVerified(text: string): VerifiedClaim | null {
  try {
    return verifiedSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
