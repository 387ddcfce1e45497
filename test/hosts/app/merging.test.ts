/** A person has what was delivered merged, by a command or by approving it, over the wire against the local GitHub. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CONFIG_PATH, parseConfig } from "../../../src/config/index.ts";
import { mergeMark, type MergeFacts } from "../../../src/delivery/index.ts";
import { formatSegmentName, formatTrailers } from "../../../src/record/index.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";

let world: AppWorld;
let issue: number;
let pull: number;
let head: string;
let key: string;
let configured = "";
beforeAll(async () => {
  world = await startAppWorld();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "app"));
  await world.close();
});
beforeEach(() => world.github.setMergeRules(world.repositoryId, { autoMergeAllowed: true, requiredChecks: ["ci"] }));
afterEach(async () => {
  await call("PATCH", `/pulls/${pull}`, { state: "closed" });
  await world.quiet();
});

const call = async (method: string, path: string, body?: unknown, token = world.app) => (await world.call(token, method, `/repos/acme/calc${path}`, body)).body;
const AUTO = "merge: { auto: true, tests: ci }\n";
const FACTS: MergeFacts = { escalated: false, proof: "holds", reviewClean: true, verified: false, risk: "low", mode: "implement", files: [{ path: "src/add.js", link: false }], lines: 2, leftOut: 0, dependencies: [], labels: [] };

async function configure(text: string): Promise<void> {
  if (text !== configured) await world.commit({ [CONFIG_PATH]: `commands: { test: npm test }\n${text}` });
  configured = text;
  await world.quiet();
}

/** A labelled issue whose run has delivered a pull request, as the deliver job leaves it. */
async function deliver(config = AUTO, facts: Partial<MergeFacts> = {}, check: { readonly key?: string; readonly token?: string } = {}): Promise<void> {
  await configure(config);
  issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
  await world.label(issue);
  await world.quiet();
  const run = world.runs(issue)[0];
  key = run?.inputs["key"] ?? "";
  const branch = `worktrain/issue-${issue}-1`;
  const main = await call("GET", "/git/ref/heads/main");
  head = await commitOn(main.object.sha, key);
  await call("POST", "/git/refs", { ref: `refs/heads/${branch}`, sha: head });
  pull = (await call("POST", "/pulls", { title: "Fix add", head: branch, base: "main" })).number;
  const parsed = parseConfig(config, CONFIG_PATH);
  const mark = parsed.ok ? mergeMark(parsed.value.merge, { ...FACTS, ...facts }) : "";
  await call("POST", "/check-runs", { name: "WorkTrain", head_sha: head, external_id: check.key ?? key, status: "completed", conclusion: "success", output: { title: "Reviewed", summary: `${mark}\n\nThe proof.` } }, check.token);
  const item = { repositoryId: world.repositoryId, subject: `issue-${issue}` as const, attempt: 1 };
  world.saveArtifact(run?.id ?? 0, formatSegmentName({ item, runId: run?.id ?? 0, runAttempt: 1, index: 1, phase: "deliver", step: "delivered", costMilliUsd: 120, ending: "ready" }));
  await world.updateRun(run?.id ?? 0, { status: "completed", conclusion: "success" });
  world.later(2_000);
}

async function commitOn(parent: string, trailerKey: string): Promise<string> {
  const { tree } = await call("GET", `/git/commits/${parent}`);
  return (await call("POST", "/git/commits", { message: `Fix add\n\n${formatTrailers({ item: `${world.repositoryId}/issue-${issue}/1`, key: trailerKey })}\n`, tree: tree.sha, parents: [parent] })).sha;
}

const comment = async (number: number, body: string, token = world.maintainer): Promise<void> => {
  await world.call(token, "POST", `/repos/acme/calc/issues/${number}/comments`, { body });
  await world.quiet();
};
const review = async (event: string, token = world.maintainer, commit = head): Promise<void> => {
  await world.call(token, "POST", `/repos/acme/calc/pulls/${pull}/reviews`, { event, commit_id: commit });
  await world.quiet();
};
const armed = () => [...world.github.state().issues.values()].find(({ number }) => number === pull)?.pull?.autoMerge ?? null;
const answer = async (number: number): Promise<string> => ((await world.comments(number)).at(-1)?.body ?? "").replaceAll("\u2060", "");

describe("merge", () => {
  it("arms auto-merge for the delivered commit, on the issue or its pull request, once; GitHub merges when the check is green", async () => {
    await deliver();
    await comment(issue, "/worktrain merge");
    expect(armed()).toMatchObject({ by: "worktrain[bot]", method: "SQUASH", headSha: head });
    expect(await answer(issue)).toContain(`GitHub merges #${pull} (squash) at \`${head}\``);
    await comment(pull, "/worktrain merge");
    const delivery = world.github.deliveries.findLast(({ event, action }) => event === "issue_comment" && action === "created");
    await world.github.redeliver(delivery?.id ?? 0);
    await world.quiet();
    expect(world.github.requests.filter(({ route }) => route === "/graphql#ArmAutoMerge")).toHaveLength(1);
    await call("POST", "/check-runs", { name: "ci", head_sha: head, status: "completed", conclusion: "success" });
    await world.quiet();
    expect(await call("GET", `/pulls/${pull}`)).toMatchObject({ merged: true });
    // The clone that the others commit in has it as well.
    await world.git(join(world.directory, "first-clone"), "pull", "--quiet", world.remote(world.maintainer), "main");
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["merging is a person's by the configuration", () => deliver(""), /`merge\.auto` .* is not set/],
    ["it escalated", () => deliver(AUTO, { escalated: true }), /By the merge policy a person merges/],
    ["it was not decided at the delivery", async () => (await deliver(""), configure(AUTO)), /it was not decided whether/],
    ["the conditions were changed since", async () => (await deliver(), configure("merge: { auto: true, tests: ci, maxLines: 1000 }\n")), /were changed after/],
    ["a label is missing", () => deliver("merge: { auto: true, tests: ci, labels: [automerge] }\n"), /does not bear `automerge`/],
    ["the approval is missing", () => deliver("merge: { auto: true, tests: ci, approval: true }\n"), /Nobody has approved/],
    ["somebody has pushed", async () => {
      await deliver();
      await call("PATCH", `/git/refs/heads/worktrain/issue-${issue}-1`, { sha: (await call("POST", "/git/commits", { message: "more", tree: (await call("GET", `/git/commits/${head}`)).tree.sha, parents: [head] })).sha });
    }, /somebody has pushed/],
    ["attack 17: somebody copied the trailers onto another commit", async () => {
      await deliver();
      await call("PATCH", `/git/refs/heads/worktrain/issue-${issue}-1`, { sha: await commitOn(head, key) });
    }, /it was not decided whether/],
    ["attack 17: the check is another run's", () => deliver(AUTO, {}, { key: "0".repeat(32) }), /it was not decided whether/],
    ["the label was taken off", async () => (await deliver(), world.unlabel(issue)), /the work was taken back/],
    ["everything is stopped", async () => (await deliver(), configure(`enabled: false\n${AUTO}`)), /stops all work.*write the command again/s],
    ["GitHub does not allow it", async () => (await deliver(), world.github.setMergeRules(world.repositoryId, { autoMergeAllowed: false, requiredChecks: ["ci"] })), /Auto merge is not allowed for this repository/],
    ["nothing is left to wait for", async () => (await deliver(), world.github.setMergeRules(world.repositoryId, { autoMergeAllowed: true, requiredChecks: [] })), /Protected branch rules not configured/],
  ])("%s: refused in words, nothing is armed", async (_, prepare, words) => {
    await prepare();
    await comment(issue, "/worktrain merge");
    expect(armed()).toBeNull();
    expect(await answer(issue)).toMatch(words);
  });

  it("where nothing was worked on or delivered it says so, and not that there is something to merge", async () => {
    await configure(AUTO);
    issue = await world.openIssue("never", "");
    await comment(issue, "/worktrain merge");
    // The same refusal is written once.
    await comment(issue, `/worktrain approve ${"a".repeat(40)}`);
    const said = (await world.comments(issue)).filter(({ body }) => body.startsWith("<!-- worktrain:answer"));
    expect(said).toHaveLength(1);
    expect(said[0]?.body).toContain("no work on this issue that it knows of");
    expect(said[0]?.body).not.toContain("Merge it on GitHub");
  });

  it("while a run is at work on it, and on a pull request of a person: refused", async () => {
    await configure(AUTO);
    issue = await world.openIssue("again", "");
    await world.label(issue);
    await world.quiet();
    await comment(issue, "/worktrain merge");
    expect(await answer(issue)).toContain("A run is at work");
    const main = await call("GET", "/git/ref/heads/main");
    await call("POST", "/git/refs", { ref: "refs/heads/hers", sha: await commitOn(main.object.sha, "x") });
    pull = (await call("POST", "/pulls", { title: "Hers", head: "hers", base: "main" })).number;
    await comment(pull, "/worktrain merge");
    expect(await answer(pull)).toContain("not of WorkTrain's making");
  });

  it("I10: only by who may give the command here; others hear nothing, or why", async () => {
    await deliver(`${AUTO}permissions: { merge: admin }\n`);
    await comment(issue, "/worktrain merge", world.github.addUser("eve", "read"));
    await comment(issue, "/worktrain merge");
    expect(armed()).toBeNull();
    expect(await answer(issue)).toContain("takes the role admin here");
  });
});

describe("approve", () => {
  const APPROVAL = "merge: { auto: true, tests: ci, approval: true }\n";

  it("with the delivered commit: armed for it; with another one, or a moved head: refused with the present one", async () => {
    await deliver(APPROVAL);
    await comment(issue, `/worktrain approve ${"0".repeat(40)}`);
    expect(await answer(issue)).toContain(`The head of #${pull} is ${head}, not ${"0".repeat(40)}`);
    expect(armed()).toBeNull();
    await comment(pull, `/worktrain approve ${head}`);
    expect(armed()).toMatchObject({ headSha: head, by: "worktrain[bot]" });
  });

  it("without a commit, after a delivery: how to name it, and no word of a retry", async () => {
    await deliver(APPROVAL);
    await comment(issue, "/worktrain approve");
    expect(await answer(issue)).toContain("`/worktrain approve SHA`");
    expect(await answer(issue)).not.toContain("/worktrain retry");
    await comment(issue, "/worktrain resume");
    expect(await answer(issue)).not.toContain("/worktrain retry");
  });

  it("an approving review does the same, once, for the commit that it is about", async () => {
    await deliver(APPROVAL);
    const before = world.github.requests.filter(({ route }) => route === "/graphql#ArmAutoMerge").length;
    await review("APPROVE");
    expect(armed()).toMatchObject({ headSha: head });
    const delivery = world.github.deliveries.findLast(({ event }) => event === "pull_request_review");
    await world.github.redeliver(delivery?.id ?? 0);
    await world.quiet();
    expect(world.github.requests.filter(({ route }) => route === "/graphql#ArmAutoMerge")).toHaveLength(before + 1);
    expect(await world.comments(pull)).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["by somebody who may only read", () => review("APPROVE", world.github.addUser("rita", "read"))],
    ["by the App itself", () => review("APPROVE", world.app)],
    ["that only comments", () => world.call(world.maintainer, "POST", `/repos/acme/calc/pulls/${pull}/reviews`, { event: "COMMENT", body: "Fine." })],
  ])("a review %s arms nothing and is not answered", async (_, happens) => {
    await deliver(APPROVAL);
    await happens();
    await world.quiet();
    expect(armed()).toBeNull();
    expect(await world.comments(pull)).toEqual([]);
  });

  it("attack 5: an approval of an earlier commit is none of what came after; it says so once", async () => {
    await deliver(APPROVAL);
    const earlier = head;
    await call("PATCH", `/git/refs/heads/worktrain/issue-${issue}-1`, { sha: await commitOn(head, key) });
    await review("APPROVE", world.maintainer, earlier);
    expect(armed()).toBeNull();
    expect(await world.comments(pull)).toHaveLength(1);
    expect(await answer(pull)).toContain(`not ${earlier}`);
  });

  it("attack 5: an approval of the commit on another pull request of its branch, which goes elsewhere, is none of this one", async () => {
    await deliver(APPROVAL);
    const main = await call("GET", "/git/ref/heads/main");
    await call("POST", "/git/refs", { ref: `refs/heads/release-${issue}`, sha: main.object.sha });
    const { number } = await call("POST", "/pulls", { title: "To the release", head: `worktrain/issue-${issue}-1`, base: `release-${issue}` }, world.maintainer);
    await world.call(world.maintainer, "POST", `/repos/acme/calc/pulls/${number}/reviews`, { event: "APPROVE", commit_id: head });
    await world.quiet();
    expect(armed()).toBeNull();
    await comment(number, `/worktrain approve ${head}`);
    expect(armed()).toBeNull();
    const said = (await world.comments(number)).filter(({ user }) => user.login === "worktrain[bot]");
    // To the review and the command alike, once.
    expect(said.map(({ body }) => body.replaceAll("\u2060", ""))).toEqual([expect.stringContaining(`delivered is #${pull}, not this`)]);
    await call("PATCH", `/pulls/${number}`, { state: "closed" });
  });

  /** The App looks, and once more. */
  const looks = async (minutes = 12): Promise<void> => {
    for (let minute = 0; minute < minutes; minute += 1) {
      await world.clock.advance(60_000);
      await world.quiet();
    }
  };
  const unheard = async (happens: () => Promise<unknown>): Promise<void> => {
    world.github.setWebhookUrl(null);
    await happens();
    await world.github.settled();
    world.github.setWebhookUrl(world.hookUrl);
  };
  const arms = () => world.github.requests.filter(({ route }) => route === "/graphql#ArmAutoMerge").length;

  it("fault 28: an approving review that nobody heard of is found by looking, once; who disarms it behind that has decided", async () => {
    await deliver(APPROVAL);
    const before = arms();
    await unheard(() => review("APPROVE"));
    expect(armed()).toBeNull();
    await looks();
    expect(armed()).toMatchObject({ headSha: head, by: "worktrain[bot]" });
    world.later(2_000);
    const { body } = await world.call(world.maintainer, "POST", `${world.github.url}/graphql`, { query: "mutation Disarm($input: DisablePullRequestAutoMergeInput!) { disablePullRequestAutoMerge(input: $input) { clientMutationId } }", variables: { input: { pullRequestId: (await call("GET", `/pulls/${pull}`)).node_id } } });
    expect(body).not.toHaveProperty("errors");
    await world.quiet();
    await looks(35);
    expect([armed(), arms()]).toEqual([null, before + 1]);
    expect(await world.comments(pull)).toEqual([]);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ["by somebody who may only read", APPROVAL, () => review("APPROVE", world.github.addUser("rita", "read"))],
    ["of an earlier commit", APPROVAL, async () => {
      await review("APPROVE");
      await call("PATCH", `/git/refs/heads/worktrain/issue-${issue}-1`, { sha: await commitOn(head, key) });
    }],
    ["that the configuration does not ask for", AUTO, () => review("APPROVE")],
  ])("by looking, too: a review %s arms nothing, and is not answered", async (_, config, happens) => {
    await deliver(config);
    await unheard(happens);
    await looks();
    expect(armed()).toBeNull();
    expect(await world.comments(pull)).toEqual([]);
  });

  it("where the configuration leaves merging to people an approval is no word to WorkTrain; the command is told so", async () => {
    await deliver("");
    await review("APPROVE");
    expect(await world.comments(pull)).toEqual([]);
    await comment(pull, `/worktrain approve ${head}`);
    expect(await answer(pull)).toContain("`merge.auto`");
    expect(armed()).toBeNull();
  });
});

describe("a push over what was delivered", () => {
  const APPROVAL = "merge: { auto: true, tests: ci, approval: true }\n";
  const push = async (sha: string, token = world.maintainer): Promise<void> => {
    await call("PATCH", `/git/refs/heads/worktrain/issue-${issue}-1`, { sha }, token);
    await world.quiet();
  };
  const notes = async () => (await world.comments(issue)).filter(({ body }) => body.includes("WorkTrain did not go on with"));
  const approvedAndArmed = async (): Promise<void> => {
    await deliver(APPROVAL);
    await comment(issue, `/worktrain approve ${head}`);
    expect(armed()).toMatchObject({ headSha: head });
  };

  it("I9: GitHub keeps what is armed where the pusher may write, so it is disarmed and said, once; the new commit is not merged when it is green", async () => {
    await approvedAndArmed();
    const pushed = await commitOn(head, key);
    await push(pushed);
    expect(armed()).toBeNull();
    const delivery = world.github.deliveries.findLast(({ event, action }) => event === "pull_request" && action === "synchronize");
    await world.github.redeliver(delivery?.id ?? 0);
    await world.quiet();
    expect(await notes()).toEqual([expect.objectContaining({ body: expect.stringContaining(`Somebody pushed ${pushed} to its branch. What was reviewed, tested and approved is the commit before. WorkTrain disarms auto-merge, which it had armed for the commit that it delivered.`) })]);
    await call("POST", "/check-runs", { name: "ci", head_sha: pushed, status: "completed", conclusion: "success" });
    await world.quiet();
    expect(await call("GET", `/pulls/${pull}`)).toMatchObject({ merged: false });
  });

  it("fault 28: one that nobody heard of is found by looking", async () => {
    await approvedAndArmed();
    world.github.setWebhookUrl(null);
    await push(await commitOn(head, key));
    expect(armed()).not.toBeNull();
    world.github.setWebhookUrl(world.hookUrl);
    for (let looked = 0; looked < 12 && armed() !== null; looked += 1) {
      await world.clock.advance(60_000);
      await world.quiet();
    }
    expect([armed(), (await notes()).length]).toEqual([null, 1]);
  });

  it("what a person armed stays the person's, and nothing is said", async () => {
    await deliver(APPROVAL);
    const { body } = await world.call(world.maintainer, "POST", `${world.github.url}/graphql`, { query: "mutation Arm($input: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $input) { clientMutationId } }", variables: { input: { pullRequestId: (await call("GET", `/pulls/${pull}`)).node_id } } });
    expect(body).not.toHaveProperty("errors");
    await push(await commitOn(head, key));
    expect(armed()).toMatchObject({ by: "mona" });
    expect(await notes()).toEqual([]);
  });

  it("what is armed for a commit that a deliver job vouches for stays armed", async () => {
    await approvedAndArmed();
    const next = await commitOn(head, key);
    await call("POST", "/check-runs", { name: "WorkTrain", head_sha: next, external_id: key, status: "completed", conclusion: "success", output: { title: "Reviewed", summary: "The proof." } });
    await push(next, world.app);
    expect(armed()).not.toBeNull();
    expect(await notes()).toEqual([]);
  });

  it("a push where nothing is armed costs no request more than any other", async () => {
    await deliver(APPROVAL);
    const before = world.github.requests.length;
    await push(await commitOn(head, key));
    expect(world.github.requests.slice(before).filter(({ route }) => route === "/graphql#ArmedAutoMerge" || route === "/graphql#Mergeability")).toEqual([]);
  });
});
