import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl } from "../graphql.ts";

const FIELDS = `{
      title body lastEditedAt
      timelineItems(last: 1, itemTypes: [RENAMED_TITLE_EVENT]) { nodes { ... on RenamedTitleEvent { createdAt } } }
    }`;
const DOCUMENT = `query TaskText($owner: String!, $name: String!, $number: Int!, $pull: Boolean!) {
  repository(owner: $owner, name: $name) {
    databaseId
    issue(number: $number) @skip(if: $pull) ${FIELDS}
    pullRequest(number: $number) @include(if: $pull) ${FIELDS}
  }
}`;
const textSchema = z.object({ title: z.string(), body: z.string(), lastEditedAt: z.string().nullable(), timelineItems: z.object({ nodes: z.array(z.object({ createdAt: z.string() })) }) }).nullish();
const answerSchema = z.object({ repository: z.object({ databaseId: z.int(), issue: textSchema, pullRequest: textSchema }).nullable() });

export interface TaskTextShown {
  readonly title: string;
  readonly body: string;
  /** ISO time of the last change of either; null when there was none. */
  readonly editedAt: string | null;
}

/** The text of an issue or pull request as it is now; null when there is none, or the repository is another one by now. */
export async function readTaskText(github: GitHub, { owner, repo, id }: Repository & { readonly id: number }, { number, isPullRequest: pull }: { readonly number: number; readonly isPullRequest: boolean }): Promise<TaskTextShown | null> {
  const { repository } = await queryGraphQl(github, { document: DOCUMENT, variables: { owner, name: repo, number, pull }, schema: answerSchema, mayBeMissing: ["repository", "repository.issue", "repository.pullRequest"] });
  const shown = repository?.databaseId === id ? (repository.issue ?? repository.pullRequest ?? null) : null;
  if (shown === null) return null;
  const edits = [shown.lastEditedAt, shown.timelineItems.nodes[0]?.createdAt ?? null].filter((at) => at !== null);
  return { title: shown.title, body: shown.body, editedAt: edits.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1) ?? null };
}
