/** A label on a pull request: at which commit it is reviewed, at whose word, and what is refused in words. */
import { expect, it } from "vitest";
import { publicTicketKey, verifyTicket } from "../../../src/github/trust/index.ts";
import { reportRun } from "../../../src/hosts/app/runs/run-report.ts";
import { startReview } from "../../../src/hosts/app/starting/start-review.ts";
import { parsePullRequestEvent } from "../../../src/intake/index.ts";
import { labelScene, TICKET_KEY } from "./label-scene.ts";

const HEAD = "d".repeat(40);
const MERGE_BASE = "e".repeat(40);

function pullScene(pull: { readonly sha?: string; readonly repo?: number | null; readonly base?: string; readonly labels?: readonly string[]; readonly state?: string; readonly draft?: boolean; readonly reviewed?: string; readonly reviewer?: string; readonly config?: string; readonly comparable?: boolean } = {}) {
  const scene = labelScene();
  const { world, place, tools, clock } = scene;
  const shown: typeof pull & { sha?: string; reviewed?: string; reviewer?: string } = { ...pull };
  if (pull.config !== undefined) world.config = `review: { pullRequests: ${pull.config} }\n`;
  const original = place.github.request.bind(place.github);
  const asked: string[] = [];
  const request = async (route: string, parameters: Record<string, unknown>) => {
    asked.push(route);
    if (route === "GET /repos/{owner}/{repo}/pulls/{pull_number}") {
      const { sha = HEAD, repo = 99, base = "main", labels = ["worktrain:ready"], state = "open", draft = false } = shown;
      return { data: { id: 5, draft, number: 12, html_url: "https://github.example/pull/12", state, title: "Count words", body: null, labels: labels.map((name) => ({ name })), created_at: "2026-01-01T00:00:00Z", user: { id: 3, login: "grace" }, head: { ref: "word-count", sha, repo: repo === null ? null : { id: repo } }, base: { ref: base } } };
    }
    if (route === "GET /repos/{owner}/{repo}/compare/{basehead}") return { data: { merge_base_commit: { sha: MERGE_BASE }, files: [], asked: parameters["basehead"] } };
    if (route === "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews") {
      // The one of a person, and one that copies the marker of another run, are none of ours.
      const [first] = world.dispatches;
      const body = (key: unknown) => `<!-- worktrain:review 99/pr-12/1 key=${String(key)} -->\nR`;
      const of = (id: number, more: object) => ({ id, html_url: "https://x", body: body(first?.["key"]), commit_id: shown.reviewed, user: { login: shown.reviewer ?? "github-actions[bot]", type: "Bot" }, ...more });
      return { data: shown.reviewed === undefined ? [] : [of(1, { user: { login: "github-actions", type: "User" }, commit_id: "9".repeat(40) }), of(2, { body: body("00") }), of(3, {}), of(4, { commit_id: "8".repeat(40) })] };
    }
    return original(route, parameters);
  };
  const github = Object.assign(Object.create(place.github), { request });
  const review = ({ sender = { login: "octocat", id: 42 }, cause = "label", headSha = shown.sha ?? HEAD, labels }: { sender?: { login: string; id: number }; cause?: "label" | "push" | "opened"; headSha?: string | null; labels?: readonly string[] } = {}) => startReview({ ...place, github }, tools, { event: { repository: { id: 99, owner: "acme", repo: "shop" }, issueNumber: 12, label: "worktrain:ready", sender, task: { title: "Count words", body: "" }, labelledAt: new Date(clock.nowMs()).toISOString() }, cause, headSha, deliveryId: "d-1", ...(labels === undefined ? {} : { labels }) });
  const ticket = (at = -1) => verifyTicket(String(world.dispatches.at(at)?.["ticket"]), publicTicketKey(TICKET_KEY), { runCreatedAt: "2026-01-01T00:00:00Z" });
  const reviewPlace = { ...place, github };
  const label = (sender = { login: "octocat", id: 42 }) => review({ sender });
  return { ...scene, reviewPlace, label, review, ticket, shown, asked };
}

it("a run whose ticket names the head as the API shows it, and the commit at which it left the default branch", async () => {
  const { label, ticket, world, body } = pullScene();
  expect(await label()).not.toBeNull();
  const read = ticket();
  expect(read).toMatchObject({ ok: true, value: { item: "99/pr-12/1", issueNumber: 12, review: { headSha: HEAD }, base: { ref: "main", sha: MERGE_BASE }, trigger: { kind: "pull_request.labeled", verdict: "write" } } });
  expect(read.ok && read.value.policy).toBe(undefined);
  expect([world.dispatches.length, world.ownComments().length]).toEqual([1, 1]);
  expect(body()).toContain("worktrain:status");
});

it("the same label delivered twice is one run; a new head is another wish", async () => {
  const { label, ticket, world, end, clock, shown } = pullScene();
  await label();
  await label();
  expect(world.dispatches).toHaveLength(1);
  await end("success");
  await clock.advance(60_000);
  shown.sha = "f".repeat(40);
  await label();
  const [first, second] = [ticket(0), ticket(1)];
  expect(second).toMatchObject({ ok: true, value: { review: { headSha: "f".repeat(40) } } });
  expect(first.ok && second.ok && first.value.key !== second.value.key).toBe(true);
});

it.each([
  { why: "another base than the default branch", pull: { base: "release" }, says: "Only those into the default branch" },
])("$why is refused in words, and nothing is dispatched", async ({ pull, says }) => {
  const { label, world, body } = pullScene(pull);
  expect(await label()).toBeNull();
  expect(world.dispatches).toEqual([]);
  expect(body()).toContain(says);
});

const NEXT = "f".repeat(40);
const stranger = { login: "octocat", id: 43 };
const startOf = (read: ReturnType<ReturnType<typeof pullScene>["ticket"]>) => (read.ok ? { item: read.value.item, review: read.value.review, kind: read.value.trigger.kind } : read.error);

it("a push to a labelled pull request is reviewed from the head on that our last review was about; a delivery of it that comes again is not", async () => {
  const scene = pullScene();
  await scene.label();
  await scene.end("success");
  Object.assign(scene.shown, { sha: NEXT, reviewed: HEAD });
  expect(await scene.review({ cause: "push" })).not.toBeNull();
  expect(startOf(scene.ticket())).toEqual({ item: "99/pr-12/2", review: { headSha: NEXT, since: { headSha: HEAD, mergeBase: MERGE_BASE, by: "github-actions[bot]" } }, kind: "pull_request" });
  await scene.end("success");
  await scene.clock.advance(60_000);
  expect(await scene.review({ cause: "push" })).toBeNull();
  expect(scene.world.dispatches).toHaveLength(2);
});

it.each([
  { why: "the App's own", reviewer: "worktrain[bot]", since: { by: "worktrain[bot]" } },
  { why: "a foreign App's, which copies our marker with its key,", reviewer: "helper[bot]", since: undefined },
])("$why review is gone on from or is not (attack 1)", async ({ reviewer, since }) => {
  const scene = pullScene();
  await scene.label();
  await scene.end("success");
  Object.assign(scene.shown, { sha: NEXT, reviewed: HEAD, reviewer });
  expect(await scene.review({ cause: "push" })).not.toBeNull();
  const ticket = scene.ticket();
  expect(ticket.ok && ticket.value.review?.since?.by).toBe(since?.by);
});

it("pushes while a review runs are one more review at its end, of the head that is there then (attack 4)", async () => {
  const scene = pullScene();
  await scene.label();
  for (const sha of ["1", "2", "3"].map((digit) => digit.repeat(40))) {
    scene.shown.sha = sha;
    expect(await scene.review({ cause: "push" })).toBeNull();
  }
  for (const run of scene.world.runs) Object.assign(run, { status: "completed", conclusion: "success" });
  const outlook = await reportRun(scene.reviewPlace, scene.tools, scene.world.runs[0]?.id ?? 0);
  expect(outlook).toEqual({ goesOnIn: scene.world.runs[1]?.id });
  expect(startOf(scene.ticket())).toMatchObject({ item: "99/pr-12/2", review: { headSha: "3".repeat(40) } });
  expect(scene.world.dispatches).toHaveLength(2);
});

it.each([
  { why: "a push by somebody who may not write", by: { sender: stranger, cause: "push" }, pull: {} },
  { why: "an opening where only the label starts a review", by: { cause: "opened" }, pull: {} },
  { why: "a push to one without the label", by: { cause: "push" }, pull: { labels: [] } },
  { why: "a draft that is opened", by: { cause: "opened" }, pull: { draft: true, labels: [], config: "all" } },
  { why: "a push where reviews are never wanted", by: { cause: "push" }, pull: { config: "never" } },
] as const)("$why starts nothing and says nothing", async ({ by, pull }) => {
  const { review, world } = pullScene(pull);
  expect(await review(by)).toBeNull();
  expect([world.dispatches.length, world.ownComments().length]).toEqual([0, 0]);
});

it("a push to a pull request that its event shows without the label costs one request, the one for the config; with it, or where all are wanted, it is reviewed", async () => {
  const without = pullScene({ labels: [] });
  expect(await without.review({ cause: "push", labels: ["bug"] })).toBeNull();
  expect(without.asked).toHaveLength(1);
  expect(await pullScene().review({ cause: "push", labels: ["bug", "WorkTrain:Ready"] })).not.toBeNull();
  expect(await pullScene({ labels: [], config: "all" }).review({ cause: "push", labels: [] })).not.toBeNull();
});

it("`all`: an opened pull request needs no label; `never` is told to who labels", async () => {
  const all = pullScene({ labels: [], config: "all" });
  expect(await all.review({ cause: "opened" })).not.toBeNull();
  const never = pullScene({ config: "never" });
  expect(await never.label()).toBeNull();
  expect(never.body()).toContain("review.pullRequests: never");
});

it("a fork's head is reviewed at a label, for the commit that was the head then and for no later one (attack 5)", async () => {
  const scene = pullScene({ repo: 100 });
  expect(await scene.review({ headSha: NEXT })).toBeNull();
  expect(scene.body()).toContain(`when the head was ${NEXT}; it is ${HEAD} now`);
  expect(await scene.label()).not.toBeNull();
  expect(startOf(scene.ticket())).toMatchObject({ review: { headSha: HEAD }, kind: "pull_request.labeled" });
  await scene.end("success");
  scene.shown.sha = NEXT;
  // Neither a stranger's push nor a maintainer's is a word for the commit, and the status says that it is open again.
  expect(await scene.review({ cause: "push", sender: stranger })).toBeNull();
  expect(scene.body()).toContain("nobody with write permission has vouched for");
  expect(await scene.review({ cause: "push" })).toBeNull();
  expect(scene.world.dispatches).toHaveLength(1);
  expect(await pullScene({ repo: null }).review({ cause: "push" })).toBeNull();
});

it("vouched for again, a fork's next head is another attempt, from the one on that was reviewed before; its record is that of no other head", async () => {
  const scene = pullScene({ repo: 100 });
  await scene.label();
  scene.world.artifacts.push({ id: 70, name: `worktrain.99.pr-12.1.r${scene.world.runs[0]?.id}.a1.0005.review.end.m12.reviewed` });
  await scene.end("success");
  scene.shown.sha = NEXT;
  scene.shown.reviewed = HEAD;
  await scene.review({ cause: "push", sender: stranger });
  await scene.review({ cause: "push", sender: stranger });
  expect(scene.body()).toContain("nobody with write permission has vouched for");
  await scene.clock.advance(60_000);
  await scene.label();
  expect(startOf(scene.ticket())).toMatchObject({ item: "99/pr-12/2", review: { headSha: NEXT, since: { headSha: HEAD } } });
});

it.each([{ why: "closed", pull: { state: "closed" } }, { why: "not labelled any more", pull: { labels: [] } }])("one that is $why is not reviewed", async ({ pull }) => {
  const { label, world } = pullScene(pull);
  expect(await label()).toBeNull();
  expect(world.dispatches).toEqual([]);
});

it("somebody who may not write starts nothing and is not answered (I10, attack 1)", async () => {
  const { label, world } = pullScene();
  expect(await label({ login: "octocat", id: 43 })).toBeNull();
  expect([world.dispatches.length, world.ownComments().length]).toEqual([0, 0]);
});

it("`permissions.review` holds for the label as for the command; who opens a pull request where every one is reviewed asks for nothing", async () => {
  const scene = pullScene();
  scene.world.config = "permissions: { review: admin }\n";
  expect(await scene.label()).toBeNull();
  expect(scene.body()).toContain("This takes the role admin here, by `permissions.review` of .github/worktrain.yml.");
  expect(scene.body()).toContain("Ask somebody with the role admin to remove the label and add it again.");
  scene.world.config = "permissions: { review: admin }\nreview: { pullRequests: all }\n";
  expect(await scene.review({ cause: "opened" })).not.toBeNull();
});

it("a payload is read as a label on a pull request only where it is one", () => {
  const payload = { action: "labeled", label: { name: "x" }, pull_request: { number: 3, title: "t", body: null, updated_at: "2026-01-01T00:00:00Z", head: { sha: HEAD } }, repository: { id: 1, name: "r", owner: { login: "o" } }, sender: { login: "s", id: 2 } };
  expect(parsePullRequestEvent(payload)).toMatchObject({ cause: "label", headSha: HEAD, event: { issueNumber: 3, label: "x", task: { title: "t", body: "" } } });
  expect(parsePullRequestEvent({ ...payload, pull_request: { ...payload.pull_request, labels: [{ id: 1, name: "bug" }] } })?.labels).toEqual(["bug"]);
  const opened = { ...payload, action: "opened", label: undefined };
  expect(parsePullRequestEvent(opened)).toMatchObject({ cause: "opened", event: { issueNumber: 3, label: "" } });
  // Our own pull requests come to a review no second time, and cost no request.
  for (const action of ["opened", "synchronize"]) expect(parsePullRequestEvent({ ...opened, action, sender: { login: "worktrain[bot]", id: 2, type: "Bot" } })).toBeNull();
  for (const other of [null, {}, { ...payload, action: "unlabeled" }, { ...payload, pull_request: null }, { ...payload, pull_request: undefined, issue: payload.pull_request }]) expect(parsePullRequestEvent(other)).toBeNull();
});
