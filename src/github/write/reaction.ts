import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import type { Effect } from "./effect.ts";

const reactionSchema = z.object({ id: z.int() });

/** Puts one reaction on an issue. GitHub itself keeps it to one per account and content (200 instead of 201), so there is nothing to look up. */
export function issueReactionEffect(github: GitHub, repository: Repository, reaction: { readonly issueNumber: number; readonly content: "eyes" | "rocket" | "confused" }): Effect {
  return {
    key: `reaction:${reaction.issueNumber}:${reaction.content}`,
    description: `reaction on ${repository.owner}/${repository.repo}#${reaction.issueNumber}`,
    lookUp: () => Promise.resolve(null),
    async write() {
      const response = await github.request("POST /repos/{owner}/{repo}/issues/{issue_number}/reactions", {
        ...repository,
        issue_number: reaction.issueNumber,
        content: reaction.content,
      });
      return { id: String(parseAnswer(reactionSchema, response.data, "POST /repos/{owner}/{repo}/issues/{issue_number}/reactions").id), url: null };
    },
  };
}

/** The same on a comment of an issue or pull request. */
export function commentReactionEffect(github: GitHub, repository: Repository, reaction: { readonly commentId: number; readonly content: "eyes" | "+1" | "confused" }): Effect {
  const route = "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions";
  return {
    key: `comment-reaction:${reaction.commentId}:${reaction.content}`,
    description: `reaction on comment ${reaction.commentId} of ${repository.owner}/${repository.repo}`,
    lookUp: () => Promise.resolve(null),
    async write() {
      const response = await github.request(route, { ...repository, comment_id: reaction.commentId, content: reaction.content });
      return { id: String(parseAnswer(reactionSchema, response.data, route).id), url: null };
    },
  };
}
