/** A label on a pull request: at which commit it is reviewed, at whose word, and what is refused in words. */
import { expect, it } from "vitest";
import { publicTicketKey, verifyTicket } from "../../../src/github/trust/index.ts";
import { startReview } from "../../../src/hosts/app/start-review.ts";
import { parseLabeledPullRequest } from "../../../src/intake/index.ts";
import { labelScene, TICKET_KEY } from "./label-scene.ts";

const HEAD = "d".repeat(40);
const MERGE_BASE = "e".repeat(40);

function pullScene(pull: { readonly sha?: string; readonly repo?: number | null; readonly base?: string; readonly labels?: readonly string[]; readonly state?: string; readonly comparable?: boolean } = {}) {
  const scene = labelScene();
  const { world, place, tools, clock } = scene;
  const shown = { ...pull };
  const original = place.github.request.bind(place.github);
  const request = async (route: string, parameters: Record<string, unknown>) => {
    if (route === "GET /repos/{owner}/{repo}/pulls/{pull_number}") {
      const { sha = HEAD, repo = 99, base = "main", labels = ["worktrain:ready"], state = "open" } = shown;
      return { data: { id: 5, number: 12, html_url: "https://github.example/pull/12", state, title: "Count words", body: null, labels: labels.map((name) => ({ name })), created_at: "2026-01-01T00:00:00Z", user: { id: 3, login: "grace" }, head: { sha, repo: repo === null ? null : { id: repo } }, base: { ref: base } } };
    }
    if (route === "GET /repos/{owner}/{repo}/compare/{basehead}") return { data: { merge_base_commit: { sha: MERGE_BASE }, files: [], asked: parameters["basehead"] } };
    return original(route, parameters);
  };
  const github = Object.assign(Object.create(place.github), { request });
  const label = (sender = { login: "octocat", id: 42 }) => startReview({ ...place, github }, tools, { event: { repository: { id: 99, owner: "acme", repo: "shop" }, issueNumber: 12, label: "worktrain:ready", sender, task: { title: "Count words", body: "" }, labelledAt: new Date(clock.nowMs()).toISOString() }, deliveryId: "d-1" });
  const ticket = (at = -1) => verifyTicket(String(world.dispatches.at(at)?.["ticket"]), publicTicketKey(TICKET_KEY), { runCreatedAt: "2026-01-01T00:00:00Z" });
  return { ...scene, label, ticket, shown };
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
  { why: "a fork's head", pull: { repo: 100 }, says: "nobody has vouched for it" },
  { why: "a head whose repository is gone", pull: { repo: null }, says: "nobody has vouched for it" },
  { why: "another base than the default branch", pull: { base: "release" }, says: "Only those into the default branch" },
])("$why is refused in words, and nothing is dispatched", async ({ pull, says }) => {
  const { label, world, body } = pullScene(pull);
  expect(await label()).toBeNull();
  expect(world.dispatches).toEqual([]);
  expect(body()).toContain(says);
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

it("a payload is read as a label on a pull request only where it is one", () => {
  const payload = { action: "labeled", label: { name: "x" }, pull_request: { number: 3, title: "t", body: null, updated_at: "2026-01-01T00:00:00Z" }, repository: { id: 1, name: "r", owner: { login: "o" } }, sender: { login: "s", id: 2 } };
  expect(parseLabeledPullRequest(payload)).toMatchObject({ issueNumber: 3, label: "x", task: { title: "t", body: "" } });
  for (const other of [null, {}, { ...payload, action: "unlabeled" }, { ...payload, pull_request: null }, { ...payload, pull_request: undefined, issue: payload.pull_request }]) expect(parseLabeledPullRequest(other)).toBeNull();
});
