/** What a repository's people and files do to the start: nothing runs that may not, and one comment names the cure. */
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { labelIssue, openIssue } from "../../src/hosts/demo/play.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { scenarioByIssue } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

let world: DemoWorld;
beforeAll(async () => {
  world = await startDemoWorld(scenarioByIssue({}));
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

/** Nothing was started for any issue: no run, no word to the model. */
function expectNothingRan(): void {
  expect([...world.github.state().runs.values()]).toEqual([]);
  expect(world.model.requests).toEqual([]);
}

/** The issue's comments, once the App has said something. */
async function answerTo(issueNumber: number): Promise<string> {
  await until(() => world.statusComments(issueNumber).length > 0, "the App answers");
  expect(world.comments(issueNumber)).toHaveLength(1);
  return world.statusComments(issueNumber)[0] ?? "";
}

async function labelled(title: string): Promise<number> {
  const issueNumber = await openIssue(world, { title, body: "" });
  await labelIssue(world, issueNumber);
  return issueNumber;
}

/** Sends a webhook to the App's port as GitHub does; the last one it got, signed by whoever has `secret`. */
async function deliver(body: string, signature: string | null): Promise<number> {
  const headers = { "content-type": "application/json", "x-github-event": "issues", "x-github-delivery": crypto.randomUUID() };
  const response = await fetch(`${world.appUrl}/api/github/webhooks`, { method: "POST", headers: signature === null ? headers : { ...headers, "x-hub-signature-256": signature }, body });
  await response.arrayBuffer();
  return response.status;
}

const signed = (body: string, secret: string): string => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

/** What GitHub sends when an issue form sets the label: the person who opened the issue is the sender. */
function labeledBy(sender: { readonly login: string; readonly id: number }, issueNumber: number): string {
  const { owner, name, id } = world.repository;
  const [installation] = world.github.state().installations.values();
  return JSON.stringify({
    action: "labeled",
    label: { name: "worktrain:ready" },
    issue: { number: issueNumber, title: "By a reader", body: "", updated_at: new Date().toISOString(), state: "open" },
    repository: { id, name, full_name: `${owner}/${name}`, owner: { login: owner } },
    installation: { id: installation?.id },
    sender: { ...sender, type: "User" },
  });
}

test("attacks 1 and 3: a webhook without a signature, or with a wrong one, is answered 401", async () => {
  const body = labeledBy({ login: "ada", id: 1 }, 1);
  expect(await deliver(body, null)).toBe(401);
  expect(await deliver(body, signed(body, "not the secret"))).toBe(401);
  expect(await deliver(`${body} `, signed(body, world.secrets.webhookSecret))).toBe(401);
  expect(await deliver(body, signed(body, world.secrets.webhookSecret).replace("sha256", "sha1"))).toBe(401);
});

test("attack 1: a label by a reader starts nothing and gets no answer; one by a triager starts nothing and is told who may", async () => {
  const reader = world.github.addUser("reader", "read");
  const triager = world.github.addUser("triager", "triage");
  const issueNumber = await openIssue(world, { title: "Not for everyone", body: "" });
  const labels = `/issues/${issueNumber}/labels`;
  expect((await world.call(reader, "POST", labels, { labels: ["worktrain:ready"] })).status).toBe(403);

  const account = world.github.state().accounts.get("reader");
  const body = labeledBy({ login: "reader", id: account?.id ?? 0 }, issueNumber);
  expect(await deliver(body, signed(body, world.secrets.webhookSecret))).toBe(202);
  // The App deals with an issue's webhooks in their order, so the answer to the triager comes after the reader was passed over.
  expect((await world.call(triager, "POST", labels, { labels: ["worktrain:ready"] })).status).toBe(200);
  const answer = await answerTo(issueNumber);
  expect(answer).toContain("triage role");
  expect(answer).toContain("Ask somebody with write permission");
  expect(world.github.requests.filter(({ who, path }) => who === "app" && path.endsWith("/collaborators/reader/permission"))).toHaveLength(1);
  expect([...world.github.state().reactions.values()]).toEqual([]);
  expectNothingRan();
});

test("without a configuration nothing runs, and one comment says to add the file", async () => {
  await world.commit({ ".github/worktrain.yml": null });
  const answer = await answerTo(await labelled("No configuration"));
  expect(answer).toContain("There is no .github/worktrain.yml on the default branch.");
  expect(answer).toContain("Add the file `.github/worktrain.yml` to `main`");
  expectNothingRan();
});

test("with a broken configuration nothing runs, and one comment names file, line, column and what to write", async () => {
  await world.commit({ ".github/worktrain.yml": "review:\n  maxRunds: 3\n" });
  const answer = await answerTo(await labelled("Broken configuration"));
  expect(answer).toMatch(/\.github\/worktrain\.yml:2:\d+ .*maxRunds/);
  expect(answer).toContain("maxRounds");
  expect(answer).toContain("Mend the file on `main`.");
  expectNothingRan();
});

test("without the workflow file nothing runs, one comment says to copy it; after the cure the same comment tells of the run", async () => {
  const workflow = await world.read(".github/workflows/worktrain.yml");
  await world.commit({ ".github/worktrain.yml": "", ".github/workflows/worktrain.yml": null });
  const issueNumber = await labelled("No workflow file");
  const answer = await answerTo(issueNumber);
  expect(answer).toContain("There is no .github/workflows/worktrain.yml on the default branch.");
  expect(answer).toContain("Copy WorkTrain's `templates/worktrain.yml`");
  expectNothingRan();

  await world.commit({ ".github/workflows/worktrain.yml": workflow });
  await world.call(world.maintainerToken, "DELETE", `/issues/${issueNumber}/labels/worktrain:ready`);
  await labelIssue(world, issueNumber);
  await until(() => world.runs(issueNumber).length > 0 && /waits for a runner|is working/.test(world.statusComments(issueNumber)[0] ?? ""), "a run is dispatched");
  expect(world.comments(issueNumber)).toHaveLength(1);
});
