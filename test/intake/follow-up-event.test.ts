import { describe, expect, it } from "vitest";
import { isOwnCheck } from "../../src/record/index.ts";
import { parseEndedCheck, parseReview } from "../../src/intake/index.ts";

const SHA = "a".repeat(40);
const HEAD = { issueNumber: 12, attempt: 2, headSha: SHA };

describe("which checks are about a delivered commit?", () => {
  const run = (more: object = {}) => ({ action: "completed", workflow_run: { head_branch: "worktrain/issue-12-2", head_sha: SHA, conclusion: "failure", ...more } });
  const check = (more: object = {}) => ({ action: "completed", check_run: { name: "ci", head_sha: SHA, check_suite: { head_branch: "worktrain/issue-12-2" }, ...more } });
  it.each([
    ["a workflow run on the item's branch", run(), HEAD],
    ["a green one, which may be the last that was waited for", run({ conclusion: "success" }), HEAD],
    ["a check run there", check(), HEAD],
    ["our own check", check({ name: "WorkTrain" }), null],
    ["another branch", run({ head_branch: "main" }), null],
    ["a branch that only begins like ours", run({ head_branch: "worktrain/issue-12-2-copy" }), null],
    ["no attempt", run({ head_branch: "worktrain/issue-12-0" }), null],
    ["a check on no branch", check({ check_suite: { head_branch: null } }), null],
    ["one that has only begun", { ...check(), action: "created" }, null],
    ["something else", { action: "completed" }, null],
    ["no object name", run({ head_sha: "--upload-pack=x" }), null],
  ])("%s", (_, payload, expected) => expect(parseEndedCheck(payload, isOwnCheck)).toEqual(expected));
});

describe("which review asks for changes, or approves?", () => {
  const payload = (review: object = {}, more: object = {}) => ({
    action: "submitted",
    review: { id: 7, state: "changes_requested", submitted_at: "2026-01-01T00:00:00Z", user: { login: "grace", id: 3, type: "User" }, ...review },
    pull_request: { number: 5, head: { ref: "worktrain/issue-12-2", sha: SHA } },
    sender: { id: 3 },
    ...more,
  });
  it("a person's, of a pull request of ours", () => expect(parseReview(payload())).toEqual({ ...HEAD, said: "changes_requested", pullNumber: 5, reviewId: 7, author: { login: "grace", id: 3 }, submittedAt: "2026-01-01T00:00:00.000Z" }));
  it("an approval, unless it is a bot's", () => {
    const approved = payload({ state: "approved" });
    expect(parseReview(approved)).toMatchObject({ ...HEAD, said: "approved", reviewId: 7 });
    expect(parseReview(payload({ state: "approved", user: { login: "some[bot]", id: 3, type: "Bot" } }))).toBeNull();
  });
  it.each([
    ["a comment", payload({ state: "commented" })],
    ["a bot's (G15)", payload({ user: { login: "worktrain[bot]", id: 3, type: "Bot" } })],
    ["one that somebody else sent", payload({}, { sender: { id: 4 } })],
    ["one of another pull request", payload({}, { pull_request: { number: 5, head: { ref: "feature", sha: SHA } } })],
    ["a dismissal", payload({}, { action: "dismissed" })],
  ])("not %s", (_, given) => expect(parseReview(given)).toBeNull());
});
