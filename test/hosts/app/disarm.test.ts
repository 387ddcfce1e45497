/** What a bot armed is disarmed, and what is said of it, where GitHub does not do as it is asked. */
import { expect, it } from "vitest";
import { createEffectRunner } from "../../../src/github/write/index.ts";
import { disarmAndTell } from "../../../src/hosts/app/merging/disarm.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { scriptedGitHub } from "../../fakes/github.ts";

const APP_ID = 7;
const WISH = { issueNumber: 12, pullNumber: 5, branch: "worktrain/issue-12-1", headSha: "a".repeat(40), about: "stopped", refusal: { message: "All work is stopped.", fix: "Then merge it." } };

function world() {
  const comments: { id: number; body: string; html_url: string; updated_at: string; performed_via_github_app: { id: number } }[] = [];
  const did: string[] = [];
  let words: string | null = null;
  let armed = true;
  const github = scriptedGitHub({
    "POST /graphql": ({ query }) => {
      if (!String(query).includes("disablePullRequestAutoMerge")) return { data: { repository: { pullRequests: { nodes: [{ id: "PR_5", number: 5, isCrossRepository: false, autoMergeRequest: armed ? { enabledBy: { kind: "Bot" } } : null }] } } } };
      did.push("disarmed");
      if (words !== null) return { data: null, errors: [{ message: words }] };
      armed = false;
      return { data: { disablePullRequestAutoMerge: { clientMutationId: null } } };
    },
    "GET /repos/{owner}/{repo}/issues/{issue_number}/comments": () => comments,
    "POST /repos/{owner}/{repo}/issues/{issue_number}/comments": ({ body }) => {
      did.push("said");
      const comment = { id: comments.length + 1, body: String(body), html_url: "https://github.com/acme/shop/issues/12#issuecomment-1", updated_at: "2026-01-01T00:00:00Z", performed_via_github_app: { id: APP_ID } };
      comments.push(comment);
      return comment;
    },
    "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}": ({ comment_id: id, body }) => {
      did.push("edited");
      const comment = comments.find((each) => each.id === id);
      if (comment !== undefined) comment.body = String(body);
      return comment;
    },
  });
  const clock = fakeClock();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const disarm = () => disarmAndTell({ github, repository: { owner: "acme", repo: "shop" }, repositoryId: 99 }, { clock, log, effects: createEffectRunner({ clock }), author: { appId: APP_ID, botLogin: null } }, WISH);
  return { disarm, did, said: () => comments.map(({ body }) => body), refuse: (said: string | null) => (words = said) };
}

it("I4: it is said before it is done, once; where nothing is armed nothing is said", async () => {
  const { disarm, did, said } = world();
  expect(await disarm()).toEqual({ found: 1, left: 0 });
  expect(did).toEqual(["said", "disarmed"]);
  expect(said()).toEqual([expect.stringContaining("All work is stopped. WorkTrain disarms auto-merge, which it had armed for the commit that it delivered.")]);
  expect(await disarm()).toEqual({ found: 0, left: 0 });
  expect(did).toHaveLength(2);
});

it("what GitHub leaves armed is told in its words, with what to do; disarmed later, that is told in the same comment", async () => {
  const { disarm, did, said, refuse } = world();
  refuse("Resource not accessible by integration");
  expect(await disarm()).toEqual({ found: 1, left: 1 });
  expect(said()).toEqual([expect.stringContaining('could not be disarmed: "Resource not accessible by integration".')]);
  expect(said()[0]).toContain('**What to do:** Press "Disable auto-merge" on the pull request. Then merge it.');
  await disarm();
  expect(did).toEqual(["said", "disarmed", "edited", "disarmed"]);
  refuse(null);
  expect(await disarm()).toEqual({ found: 1, left: 0 });
  expect(said()).toEqual([expect.stringContaining("WorkTrain disarms auto-merge")]);
});
