import { z } from "zod";

const payloadSchema = z.object({
  ref: z.string(),
  repository: z.object({ default_branch: z.string() }),
  commits: z.array(z.object({ added: z.array(z.string()).default([]), modified: z.array(z.string()).default([]), removed: z.array(z.string()).default([]) })),
});

/** Whether a `push` moved the default branch. */
export function movesDefaultBranch(payload: unknown): boolean {
  const parsed = payloadSchema.pick({ ref: true, repository: true }).safeParse(payload);
  return parsed.success && parsed.data.ref === `refs/heads/${parsed.data.repository.default_branch}`;
}

/** Whether a `push` changed the file on the default branch, as far as it tells: of many commits GitHub lists the first 2,048 only. */
export function changesOnDefaultBranch(payload: unknown, path: string): boolean {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return false;
  const { ref, repository, commits } = parsed.data;
  return ref === `refs/heads/${repository.default_branch}` && commits.some(({ added, modified, removed }) => [...added, ...modified, ...removed].includes(path));
}
