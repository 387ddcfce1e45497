/** Boxes of the status comment as controls, over the wire against the local GitHub. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { publicTicketKey, verifyTicket } from "../../../src/github/trust/index.ts";
import { formatSegmentName, type EndingCode } from "../../../src/record/index.ts";
import { tickedBoxes } from "../../../src/report/boxes.ts";
import { parseStatusMarker } from "../../../src/report/status-marker.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";
import { ticketKeyPem } from "./running-app.ts";

const GATE = "gate-31-plan-1-8dbf2163b3b83e82";

let world: AppWorld;
let issue: number;
beforeEach(async () => {
  world = await startAppWorld();
  issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
  await world.label(issue);
  await world.quiet();
});
afterEach(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const status = async () => (await world.comments(issue)).find(({ body }) => body.startsWith("<!-- worktrain:status ")) ?? { id: 0, body: "" };
const said = async (what: "click" | "answer"): Promise<readonly string[]> => (await world.comments(issue)).flatMap(({ body }) => (body.startsWith(`<!-- worktrain:${what} `) ? [body] : []));
const boxes = (body: string): readonly string[] => body.match(/^- \[.\] <!-- worktrain:do .*$/gm) ?? [];
const edit = async (id: number, body: string, token = world.maintainer): Promise<void> => {
  expect((await world.call(token, "PATCH", `/repos/acme/calc/issues/comments/${id}`, { body })).status).toBe(200);
  await world.quiet();
};
const ticked = (body: string, control: string): string => body.replace(`- [ ] <!-- worktrain:do ${control} -->`, `- [x] <!-- worktrain:do ${control} -->`);
const tick = async (control: string, token = world.maintainer): Promise<void> => {
  const { id, body } = await status();
  expect(ticked(body, control)).not.toBe(body);
  // Later than the label by GitHub's clock, which counts in seconds.
  world.later(2_000);
  await edit(id, ticked(body, control), token);
};

async function save(ending: EndingCode | null, { index = 1, step = "parked" }: { readonly index?: number; readonly step?: string } = {}): Promise<number> {
  const runId = world.runs(issue).at(-1)?.id ?? 0;
  world.saveArtifact(runId, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `issue-${issue}`, attempt: 1 }, runId, runAttempt: 1, index, phase: "code", step, costMilliUsd: 120, ending }));
  return runId;
}
async function stopped(ending: EndingCode, step?: string): Promise<void> {
  await world.updateRun(await save(ending, step === undefined ? {} : { step }), { status: "completed", conclusion: "success" });
  world.later(60_000);
}
const ticketOf = (at: number) => {
  const read = verifyTicket(world.runs(issue)[at]?.inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: "2026-01-01T00:00:00Z" });
  return read.ok ? read.value : null;
};

describe("is a tick carried out as the command beside it?", () => {
  it("Cancel: the run is asked to end, and the box is gone from what is told now", async () => {
    await world.updateRun(await save(null), { status: "in_progress" });
    expect(boxes((await status()).body)).toEqual(["- [ ] <!-- worktrain:do cancel --> Cancel"]);
    // The comment is written anew with each step, and the box with it.
    await save(null, { index: 2, step: "implement" });
    await world.updateRun(world.runs(issue)[0]?.id ?? 0, { status: "in_progress" });
    await world.clock.advance(30_000);
    await world.quiet();
    expect((await status()).body).toContain("`implement`");
    expect(boxes((await status()).body)).toHaveLength(1);
    await tick("cancel");
    expect(world.github.requests.filter(({ path }) => path.endsWith("/cancel"))).toHaveLength(1);
    expect(parseStatusMarker((await status()).body)?.cancel).toBeDefined();
    expect(boxes((await status()).body)).toEqual([]);
    expect(await said("click")).toEqual([expect.stringContaining("`mona` ticked the box for `/worktrain cancel` in [the status comment](")]);
  });

  it("Approve the plan: the gate that the box names is opened, in the name of who ticked it, once however often the event comes", async () => {
    await stopped("awaiting-approval", GATE);
    expect(boxes((await status()).body)).toEqual([`- [ ] <!-- worktrain:do approve ${GATE} --> Approve the plan`]);
    await tick(`approve ${GATE}`);
    const edits = world.github.deliveries.filter(({ event, action, payload }) => event === "issue_comment" && action === "edited" && JSON.parse(payload).sender.login === "mona");
    await world.github.redeliver(edits[0]?.id ?? 0);
    await world.quiet();
    expect(world.runs(issue)).toHaveLength(2);
    expect(ticketOf(1)).toMatchObject({ command: "approve", answer: { gate: GATE, verdict: "approved" }, trigger: { kind: "issue_comment", actor: { login: "mona" } } });
    expect([(await said("click")).length, (await said("answer")).length]).toEqual([1, 0]);
    expect(tickedBoxes((await status()).body)).toEqual([]);
  });

  it.each<[string, EndingCode, string]>([
    ["resume", "budget", "Go on from what is saved"],
    ["retry", "tests-red", "Try again"],
  ])("%s where the state allows it", async (control, ending, label) => {
    await stopped(ending);
    expect(boxes((await status()).body)).toEqual([`- [ ] <!-- worktrain:do ${control} --> ${label}`]);
    await tick(control);
    expect(world.runs(issue)).toHaveLength(2);
    expect(ticketOf(1)).toMatchObject({ item: `${world.repositoryId}/issue-${issue}/1`, command: control });
  });
});

describe("who may not, and what is none of ours, does nothing", () => {
  it("I10: the role that the config asks for; refused in words, and the box is unticked", async () => {
    await world.commit({ ".github/worktrain.yml": "permissions: { resume: admin }\n" });
    await stopped("budget");
    await tick("resume");
    expect(world.runs(issue)).toHaveLength(1);
    expect((await said("answer"))[0]).toContain("takes the role admin here");
    const { body } = await status();
    expect([boxes(body).length, tickedBoxes(body)]).toEqual([1, []]);
  });

  it("the label that stops everything stops boxes too", async () => {
    await stopped("budget");
    const stop = await world.openIssue("Stop", "");
    await world.call(world.maintainer, "POST", `/repos/acme/calc/issues/${stop}/labels`, { labels: ["worktrain:stop"] });
    await world.quiet();
    await tick("resume");
    expect(world.runs(issue)).toHaveLength(1);
    expect(tickedBoxes((await status()).body)).toEqual([]);
  });

  it("attack 1: a comment of a person's with our marker, one of ours that is no status comment, and a box that nobody gave", async () => {
    await stopped("budget");
    const { id, body } = await status();
    const comment = async (token: string, text: string): Promise<number> => (await world.call(token, "POST", `/repos/acme/calc/issues/${issue}/comments`, { body: text })).body.id;
    await edit(await comment(world.maintainer, body), ticked(body, "resume"));
    const foreign = "<!-- worktrain:other -->\n\n- [ ] <!-- worktrain:do resume --> Go on";
    await edit(await comment(world.app, foreign), ticked(foreign, "resume"));
    await edit(id, `${body}\n- [x] <!-- worktrain:do retry --> Try again`);
    expect(world.runs(issue)).toHaveLength(1);
    expect(await said("click")).toEqual([]);
  });

  it("attack 3: a tick that spoke of another run, when its event comes late", async () => {
    await stopped("budget");
    // Nobody listens there: GitHub keeps the delivery.
    world.github.setWebhookUrl("http://127.0.0.1:9/");
    await tick("resume");
    const [late] = world.github.deliveries.filter(({ event, action, payload }) => event === "issue_comment" && action === "edited" && JSON.parse(payload).sender.login === "mona");
    world.github.setWebhookUrl(world.hookUrl);
    world.later(60_000);
    await world.unlabel(issue);
    await world.label(issue);
    await world.quiet();
    expect(world.runs(issue)).toHaveLength(2);
    await stopped("budget");
    await world.github.redeliver(late?.id ?? 0);
    await world.quiet();
    expect(world.runs(issue)).toHaveLength(2);
  });

  it("the App's own rewriting is never taken for a tick", async () => {
    await stopped("budget");
    const { id, body } = await status();
    await edit(id, ticked(body, "resume"), world.app);
    expect(world.runs(issue)).toHaveLength(1);
  });
});
