/** Open issues that changed lately, with what may ask for work on them beside a label. Part of the query of `labelled-issues.ts`. */
import { z } from "zod";

/** Of very many the fifty that changed last. `$since` and `$lately` are variables of the query it is part of. */
export const LATELY_FIELDS = `lately: issues(first: 50, filterBy: { since: $since }, states: [OPEN], orderBy: { field: UPDATED_AT, direction: DESC }) @include(if: $lately) {
      nodes {
        number title body locked createdAt lastEditedAt
        author { login ... on User { databaseId } }
        timelineItems(last: 50, itemTypes: [ASSIGNED_EVENT, RENAMED_TITLE_EVENT]) {
          nodes {
            kind: __typename
            ... on AssignedEvent { createdAt actor { login ... on User { databaseId } } assignee { ... on User { login } } }
            ... on RenamedTitleEvent { createdAt }
          }
        }
      }
    }`;

export const actorSchema = z.object({ login: z.string(), databaseId: z.int().nullish() }).nullable();

/** A bot or an organisation has no id in these queries: nobody can be asked for in its name. */
export const personOf = (actor: z.infer<typeof actorSchema>): Person | null => (actor === null || actor.databaseId === null || actor.databaseId === undefined ? null : { login: actor.login, id: actor.databaseId });

/** ISO time of the newest; null for none. */
export const newestOf = (times: readonly (string | null)[]): string | null => times.filter((at) => at !== null).toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1) ?? null;

const eventSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("AssignedEvent"), createdAt: z.string(), actor: actorSchema, assignee: z.object({ login: z.string().optional() }).nullable() }),
  z.object({ kind: z.literal("RenamedTitleEvent"), createdAt: z.string() }),
]);

const latelySchema = z
  .object({
    number: z.int(),
    title: z.string(),
    body: z.string(),
    locked: z.boolean(),
    createdAt: z.string(),
    lastEditedAt: z.string().nullable(),
    author: actorSchema,
    timelineItems: z.object({ nodes: z.array(eventSchema) }),
  })
  .transform(({ lastEditedAt, author, timelineItems: { nodes }, ...issue }) => ({
    ...issue,
    editedAt: newestOf([lastEditedAt, ...nodes.flatMap(({ kind, createdAt }) => (kind === "RenamedTitleEvent" ? [createdAt] : []))]),
    author: personOf(author),
    assigned: nodes.flatMap((event) => (event.kind === "AssignedEvent" && event.assignee?.login !== undefined ? [{ assignee: event.assignee.login, at: event.createdAt, by: personOf(event.actor) }] : [])),
  }));

export const latelyShape = { lately: z.object({ nodes: z.array(latelySchema) }).optional() };

export interface Person {
  readonly login: string;
  readonly id: number;
}

/** `author`: who opened it, `by`: who gave it to somebody, each null where that is no person; `assigned`: oldest first, whoever it was taken from since; times are ISO. */
export type LatelyChanged = z.output<typeof latelySchema>;
