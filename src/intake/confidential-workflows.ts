/**
 * What is not dispatched in a public repository. There everybody can read a run's artifacts, and with them the record: findings that
 * nobody has mended yet, and what an incident exposed. The agent job asks the workflows themselves, the team's own too, and is the gate; this
 * spares a run.
 */
import type { Refusal } from "../shared/errors.ts";

/** Those of the library that have a tag `security` or `incident`. */
export const CONFIDENTIAL_WORKFLOWS: readonly string[] = ["wr.security-audit", "wr.incident-triage"];

export const needsPrivate = (workflowId: string): Refusal<"needs-private"> => ({
  kind: "needs-private",
  message: `${workflowId} is not run in a public repository: everybody can read its record, and it holds what an attacker could use before it is mended.`,
  fix: `Run it on a clone of your own, where the record stays with you (\`worktrain run --workflow ${workflowId}\`), or in a private repository. Report what it finds by the way that the repository's security policy names.`,
});
