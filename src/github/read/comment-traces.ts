/** What REST's lists do not tell of comments: with what the one who asks has reacted itself, and who has changed them last. */
import { z } from "zod";
import type { GitHub } from "../client.ts";
import { queryGraphQl } from "../graphql.ts";

const DOCUMENT = `query CommentTraces($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on IssueComment {
      fullDatabaseId
      reactionGroups { content viewerHasReacted }
    }
  }
}`;

const nodeSchema = z.object({
  fullDatabaseId: z.union([z.int(), z.string().regex(/^\d+$/)]).transform(Number),
  reactionGroups: z.array(z.object({ content: z.string(), viewerHasReacted: z.boolean() })).nullable(),
});
const answerSchema = z.object({ nodes: z.array(nodeSchema.nullable()) });

/** As many nodes as GitHub gives at once (docs: GraphQL, node limit). */
const PER_QUERY = 100;

/** The ids of those comments that whoever asks has reacted to with one of `contents` (`THUMBS_UP`, ...). One query for a hundred. @param nodeIds as REST's `node_id` */
export async function readOwnReactions(github: GitHub, { nodeIds, contents }: { readonly nodeIds: readonly string[]; readonly contents: readonly string[] }): Promise<ReadonlySet<number>> {
  const reacted = new Set<number>();
  for (let from = 0; from < nodeIds.length; from += PER_QUERY) {
    const ids = nodeIds.slice(from, from + PER_QUERY);
    // One that was deleted meanwhile is missing.
    const { nodes } = await queryGraphQl(github, { document: DOCUMENT, variables: { ids }, schema: answerSchema, mayBeMissing: ids.map((_, index) => `nodes.${index}`) });
    for (const node of nodes) if (node?.reactionGroups?.some(({ content, viewerHasReacted }) => viewerHasReacted && contents.includes(content)) === true) reacted.add(node.fullDatabaseId);
  }
  return reacted;
}
