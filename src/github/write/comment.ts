/**
 * Comments of ours on an issue or pull request, found again by a hidden marker in their first line.
 * Only comments that GitHub says our App wrote count: anybody can copy a marker (attack 1, fault 45).
 */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { allPages } from "../read/pages.ts";
import { parseAnswer } from "../parse-answer.ts";
import { TerminalError } from "../../shared/errors.ts";
import { sha256Hex } from "../../shared/hash.ts";
import { hasStatus } from "../request-error.ts";
import type { EffectRunner } from "./effect-runner.ts";
import { lookedUp, type Confirmed, type Effect } from "./effect.ts";

/** Observed: GitHub answers 422 "Body is too long" above it (P-comment-size). */
export const MAX_COMMENT_CHARS = 65_536;
/** 10,000 comments on one issue; beyond that the look-up would not be honest. */
const MAX_COMMENT_PAGES = 100;

export const commentSchema = z.object({
  id: z.int(),
  body: z.string().nullish(),
  html_url: z.string(),
  updated_at: z.string(),
  user: z.object({ login: z.string(), type: z.string() }).nullish(),
  performed_via_github_app: z.object({ id: z.int() }).nullish(),
});

export interface OwnComment {
  readonly id: number;
  readonly body: string;
  readonly url: string;
  /** ISO time, GitHub's clock. */
  readonly updatedAt: string;
  /** Our bot's login, where GitHub names it. */
  readonly writer?: string | undefined;
}

/** Who we are when we comment. */
export interface CommentAuthor {
  readonly appId: number;
  /** e.g. `worktrain[bot]`, where comments may lack `performed_via_github_app`. */
  readonly botLogin: string | null;
}

export interface CommentTarget {
  readonly github: GitHub;
  readonly repository: Repository;
  readonly issueNumber: number;
  readonly author: CommentAuthor;
}

const partOfCommentSchema = commentSchema.partial();

/** Whether a comment from the API or a webhook was written by `author`; a login alone is no identity, so the account must be a bot's. */
export function isWrittenBy(comment: unknown, author: CommentAuthor): boolean {
  const parsed = partOfCommentSchema.safeParse(comment);
  if (!parsed.success) return false;
  const { performed_via_github_app: app, user } = parsed.data;
  if (app !== null && app !== undefined) return app.id === author.appId;
  return author.botLogin !== null && user?.type === "Bot" && user.login === author.botLogin;
}

/** Our comments whose first line starts with `marker`, lowest id first, from every page. */
export async function findComments(target: CommentTarget, marker: string): Promise<readonly OwnComment[]> {
  const found = await allPages(target.github, {
    route: "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
    parameters: { ...target.repository, issue_number: target.issueNumber },
    items: (data) => parseAnswer(z.array(commentSchema), data, "GET /repos/{owner}/{repo}/issues/{issue_number}/comments"),
    maxPages: MAX_COMMENT_PAGES,
  });
  return found
    .filter((comment) => (comment.body ?? "").startsWith(marker) && isWrittenBy(comment, target.author))
    .map(toOwnComment)
    .sort((a, b) => a.id - b.id);
}

export interface CommentWish {
  readonly marker: string;
  /** Starts with the marker. */
  readonly body: string;
  /** What a look a moment ago showed; absent where nobody looked. */
  readonly seen?: Confirmed | null;
  /** Whoever looks next takes back what another writer made at the same moment: no look of its own for it now. */
  readonly doublesAreFoundLater?: boolean;
}

/** Makes the comment unless one of ours with the marker is there; a found one keeps its text. */
export function commentEffect(target: CommentTarget, { marker, body, seen, doublesAreFoundLater = false }: CommentWish): Effect {
  const confirmed = (comment: OwnComment): Confirmed => ({ id: String(comment.id), url: comment.url });
  return {
    key: `comment:${marker}`,
    description: `comment on ${target.repository.owner}/${target.repository.repo}#${target.issueNumber}`,
    lookUp: lookedUp(seen, async () => {
      const [first, ...duplicates] = await findComments(target, marker);
      return first === undefined ? null : { ...confirmed(first), duplicates: duplicates.map(confirmed) };
    }),
    async write() {
      const response = await target.github.request("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
        ...target.repository,
        issue_number: target.issueNumber,
        body: fitComment(body),
      });
      return confirmed(toOwnComment(parseAnswer(commentSchema, response.data, "POST /repos/{owner}/{repo}/issues/{issue_number}/comments")));
    },
    ...(doublesAreFoundLater ? {} : { discard: (duplicate: Confirmed) => removeComment(target.github, target.repository, Number(duplicate.id)) }),
  };
}

/** Takes back a comment of ours; one that is gone already is gone. */
export async function removeComment(github: GitHub, repository: Repository, id: number): Promise<void> {
  try {
    await github.request("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}", { ...repository, comment_id: id });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
  }
}

/** Replaces a comment's text, which has just been seen to be another. False when the comment is gone. */
export async function editComment(effects: EffectRunner, { github, repository }: Pick<CommentTarget, "github" | "repository">, comment: { readonly id: number; readonly body: string }): Promise<boolean> {
  const body = fitComment(comment.body);
  const place = { ...repository, comment_id: comment.id };
  const done: Confirmed = { id: String(comment.id), url: null };
  const read = async (): Promise<Confirmed | null> => {
    const route = "GET /repos/{owner}/{repo}/issues/comments/{comment_id}";
    const { body: present } = parseAnswer(commentSchema, (await github.request(route, place)).data, route);
    return present === body ? done : null;
  };
  try {
    await effects.apply({
      key: `comment-text:${comment.id}:${sha256Hex(body)}`,
      description: `text of comment ${comment.id} on ${repository.owner}/${repository.repo}`,
      lookUp: lookedUp(null, read),
      async write() {
        await github.request("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", { ...place, body });
        return done;
      },
    });
    return true;
  } catch (error) {
    if (hasStatus(error instanceof TerminalError ? error.cause : error, 404)) return false;
    throw error;
  }
}

/** The body as it is, or cut to GitHub's limit with a line that says so. */
export function fitComment(body: string, link?: string): string {
  if (body.length <= MAX_COMMENT_CHARS) return body;
  const notice = `\n\n*Cut: the whole text has ${body.length} characters, a comment holds ${MAX_COMMENT_CHARS}.${link === undefined ? "" : ` [Read it here](${link}).`}*`;
  return body.slice(0, MAX_COMMENT_CHARS - notice.length).toWellFormed() + notice;
}

export function toOwnComment(comment: z.infer<typeof commentSchema>): OwnComment {
  return { id: comment.id, body: comment.body ?? "", url: comment.html_url, updatedAt: comment.updated_at, ...(comment.user?.type === "Bot" ? { writer: comment.user.login } : {}) };
}
