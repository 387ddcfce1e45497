/** Answers below a finding's comment, and conversations that are resolved. */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { sendGraphQl } from "../graphql.ts";
import { parseAnswer } from "../parse-answer.ts";
import type { Confirmed } from "./effect.ts";

const RESOLVE = "mutation ResolveThread($input: ResolveReviewThreadInput!) { resolveReviewThread(input: $input) { thread { isResolved } } }";
const resolvedSchema = z.object({ resolveReviewThread: z.object({ thread: z.object({ isResolved: z.boolean() }).nullable() }).nullable() }).nullable();

/** @returns GitHub's words when it does not take it; null when it is resolved */
export async function resolveThread(github: GitHub, threadId: string): Promise<string | null> {
  const { data, errors } = await sendGraphQl(github, RESOLVE, { input: { threadId } });
  const [error] = errors;
  if (error !== undefined) return error.message;
  return parseAnswer(resolvedSchema, data, "resolveReviewThread")?.resolveReviewThread?.thread?.isResolved === true ? null : "it did not say why";
}

const replySchema = z.object({ id: z.int(), html_url: z.string() });

/** Answers in the conversation that the comment began. */
export async function replyToComment(github: GitHub, repository: Repository, { pullNumber, commentId, body }: { readonly pullNumber: number; readonly commentId: number; readonly body: string }): Promise<Confirmed> {
  const route = "POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies";
  const { id, html_url: url } = parseAnswer(replySchema, (await github.request(route, { ...repository, pull_number: pullNumber, comment_id: commentId, body })).data, route);
  return { id: String(id), url };
}
