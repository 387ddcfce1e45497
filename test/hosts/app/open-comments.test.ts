import { expect, test } from "vitest";
import type { ConversationComment } from "../../../src/github/read/index.ts";
import { openComments } from "../../../src/hosts/app/starting/open-comments.ts";
import { answeredUpTo, answerMark } from "../../../src/record/answer-mark.ts";

const said = (id: number, more: Partial<ConversationComment> = {}): ConversationComment => ({ id, body: "Rename this.", createdAt: "2026-01-01T00:00:00Z", own: false, author: { kind: "User", login: "ada", id: 5 }, review: { id: 1, state: "COMMENTED" }, ...more });
const ANSWER = `${answerMark("0123456789abcdef")}\nDone.`;
const conversation = (...comments: readonly ConversationComment[]) => ({ rootId: comments[0]?.id ?? 0, path: "a.ts", line: 1, comments });
const open = (...comments: readonly ConversationComment[]) => openComments([conversation(...comments)]).map(({ id }) => id);

test("what people said behind our last answer, in order of all conversations", () => {
  const answer = said(3, { own: true, author: { kind: "Bot", login: "worktrain", id: 9 }, body: ANSWER });
  expect(open(said(1), said(2), answer, said(4))).toEqual([4]);
  expect(openComments([conversation(said(8)), conversation(said(2)), conversation(said(5), { ...answer, id: 6 })]).map(({ id }) => id)).toEqual([2, 8]);
});

test("what was said while the run was at work is not dealt with by its answer, which came later", () => {
  const answer = (id: number, upTo: number) => said(id, { own: true, author: { kind: "Bot", login: "worktrain", id: 9 }, body: `${answerMark("0123456789abcdef")}\n${answeredUpTo(upTo)}\nDone.` });
  expect(open(said(1), said(2), answer(3, 1), said(4))).toEqual([2, 4]);
  expect(open(said(1), said(2), answer(3, 1), answer(4, 2))).toEqual([]);
  expect(open(said(1), said(2), answer(3, 2), answer(4, 1))).toEqual([]);
  // Of before it was told.
  expect(open(said(1), said(2), said(3, { own: true, author: { kind: "Bot", login: "worktrain", id: 9 }, body: ANSWER }))).toEqual([]);
});

test("attack 1: who writes like our answer answers nothing, another bot included, nor do we without a run's mark; bots and accounts that are gone say nothing", () => {
  expect(open(said(1), said(2, { body: ANSWER }))).toEqual([1, 2]);
  expect(open(said(1), said(2, { author: { kind: "Bot", login: "echo", id: 4 }, body: ANSWER }))).toEqual([1]);
  expect(open(said(1), said(2, { own: true, author: { kind: "Bot", login: "github-actions", id: 4 }, body: "<!-- worktrain:answered --> <!-- worktrain:answered x -->\nDone." }))).toEqual([1]);
  expect(open(said(1, { author: { kind: "Bot", login: "ci", id: 4 } }), said(2, { author: null }))).toEqual([]);
});

test.each(["CHANGES_REQUESTED", "APPROVED", "DISMISSED"])("what belongs to a review that is %s is no order of its own", (state) => {
  expect(open(said(1, { review: { id: 1, state } }), said(2))).toEqual([2]);
});
