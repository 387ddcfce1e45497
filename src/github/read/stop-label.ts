/** The label that stops all work in a repository, as part of the queries that work hangs on: seen together with the rest. */
import { z } from "zod";

/** On any open issue or pull request of the repository. Whoever may label there may stop. */
export const STOP_LABEL = "worktrain:stop";

/** Of `repository` in a GraphQL document. */
export const STOP_FIELDS = `stopIssues: issues(labels: ["${STOP_LABEL}"], states: [OPEN], first: 1) { nodes { number } }
    stopPulls: pullRequests(labels: ["${STOP_LABEL}"], states: [OPEN], first: 1) { nodes { number } }`;

const numbersSchema = z.object({ nodes: z.array(z.object({ number: z.int() })) });
export const stopShape = { stopIssues: numbersSchema, stopPulls: numbersSchema };

/** The number of an open issue or pull request with the label; null where none has it. */
export const stoppedBy = ({ stopIssues, stopPulls }: z.infer<z.ZodObject<typeof stopShape>>): number | null => [...stopIssues.nodes, ...stopPulls.nodes][0]?.number ?? null;
