/** What an earlier delivery armed is disarmed before the branch moves, or the branch does not move. */
import { expect, test } from "vitest";
import { applyIntent, type OutletContext } from "../../src/delivery/outlets/index.ts";
import { createEffectRunner } from "../../src/github/write/index.ts";
import { checkGraphQlRequest } from "../contract/graphql.ts";
import { fakeClock } from "../fakes/clock.ts";
import { scriptedGitHub } from "../fakes/github.ts";
import { makeTicket } from "../fakes/tickets.ts";

const FROM = "a".repeat(40);
const BRANCH = "worktrain/issue-12-1";

interface World {
  /** Who armed it; null for nobody. */
  armedBy: "Bot" | "User" | null;
  /** GitHub's words when it does not disarm. */
  refuses?: string;
  /** It is not armed any more when it is looked at after that. */
  goneThen?: boolean;
  branch?: string;
}

async function disarm({ armedBy, refuses, goneThen = false, branch = FROM }: World) {
  let armed = armedBy;
  const asked: string[] = [];
  const github = scriptedGitHub({
    "POST /graphql": ({ query, variables }) => {
      expect(checkGraphQlRequest({ query, variables })).toEqual([]);
      if (String(query).startsWith("query ArmedAutoMerge")) return { data: { repository: { pullRequests: { nodes: [{ id: "PR_7", number: 7, isCrossRepository: false, autoMergeRequest: armed === null ? null : { enabledBy: { kind: armed } } }] } } } };
      asked.push(JSON.stringify(variables));
      if (refuses === undefined || goneThen) armed = null;
      return refuses === undefined ? { data: { disablePullRequestAutoMerge: { clientMutationId: null } } } : { data: { disablePullRequestAutoMerge: null }, errors: [{ message: refuses, type: "FORBIDDEN", path: ["disablePullRequestAutoMerge"] }] };
    },
  });
  const fence = () => ({ kind: "free", before: null });
  const context = { github, repository: { owner: "acme", repo: "shop" }, runner: createEffectRunner({ clock: fakeClock() }), ticket: makeTicket().ticket, state: { branch: { sha: branch }, record: null }, fence } as unknown as OutletContext;
  return { result: await applyIntent({ kind: "disarm", branch: BRANCH, from: FROM }, context), asked };
}

test("I9: what a bot armed and GitHub does not disarm keeps the branch where it is, in GitHub's words", async () => {
  const { result, asked } = await disarm({ armedBy: "Bot", refuses: "Resource not accessible by integration" });
  expect(result).toEqual({ ok: false, error: { kind: "still-armed", message: expect.stringMatching(/#7.*"Resource not accessible by integration".*The branch is left as it is/), fix: expect.stringContaining("/worktrain resume") } });
  expect(asked).toHaveLength(1);
});

test.each<[string, World, number]>([
  ["it is disarmed", { armedBy: "Bot" }, 1],
  ["GitHub says no, and it is disarmed all the same", { armedBy: "Bot", refuses: "is not armed", goneThen: true }, 1],
  ["a person armed it: it is the person's", { armedBy: "User" }, 0],
  ["nobody armed it", { armedBy: null }, 0],
  ["I2: the branch is elsewhere already, so it is another's to decide", { armedBy: "Bot", branch: "b".repeat(40) }, 0],
])("%s", async (_, world, mutations) => {
  const { result, asked } = await disarm(world);
  expect([result.ok, asked.length]).toEqual([true, mutations]);
});
