import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { AnswerBlock, MessagesRequest } from "../../src/hosts/demo/model/index.ts";
import type { RecordEvent } from "../../src/record/index.ts";
import type { Json } from "../../src/shared/json.ts";
import { parsePlan } from "../../src/workflow/index.ts";
import { itemView, readItemJournal } from "../../src/report/index.ts";
import { completeStep, decidedOtherwise, ITEM, itemWorld, workflow, workflowFile, write, type ItemWorld, type ItemWorldOptions } from "./item-world.ts";

const worlds: ItemWorld[] = [];
afterEach(async () => {
  const closed = worlds.splice(0);
  await Promise.all(closed.map((world) => world.model.close()));
  expect((await Promise.all(closed.map(decidedOtherwise))).flat()).toEqual([]);
});
const open = async (options: ItemWorldOptions): Promise<ItemWorld> => {
  const world = await itemWorld(options);
  worlds.push(world);
  return world;
};

const systemOf = (request: MessagesRequest): string => JSON.stringify(request.system);
const workflowOf = (request: MessagesRequest): string => /Workflow: ([\w.-]+)/.exec(systemOf(request))?.[1] ?? "";
const textOf = (request: MessagesRequest): string => JSON.stringify(request.messages);
const bodies = (world: ItemWorld): readonly MessagesRequest[] => world.model.requests.flatMap(({ body }) => (body === null ? [] : [body]));
const ofWorkflow = (world: ItemWorld, id: string) => bodies(world).filter((body) => workflowOf(body) === id);
const kindsOf = (events: readonly RecordEvent[], kind: RecordEvent["kind"]) => events.filter((event) => event.kind === kind);

const looker = workflow("wr.look", `  - { id: look, title: Look, prompt: "Look at {{where}}", allowedTools: [read] }\n`);
const changer = workflow("wr.change", `  - { id: change, title: Change, prompt: "Change {{where}}" }\n`);
const parallel = (child: string, more = "") =>
  workflow(
    "wr.split",
    `  - id: split\n    title: Split\n    type: parallel\n${more}    parallelDelegations:\n${["one", "two", "three"].map((where) => `      - { workflowId: ${child}, goal: "Part ${where}", args: { where: ${where} } }\n`).join("")}    synthesis: { prompt: Bring it together. }\n`,
  );

/** Waits until so many have come, then lets all go. */
function meeting(size: number): () => Promise<void> {
  let here = 0;
  const full = Promise.withResolvers<void>();
  return () => {
    here += 1;
    if (here >= size) full.resolve();
    return full.promise;
  };
}

describe("children of a parallel step", () => {
  test("that only read are at work at the same time, each a session of its own with its parent's id", async () => {
    const together = meeting(3);
    const world = await open({
      workflowId: "wr.split",
      workflows: [parallel("wr.look"), looker],
      turns: { "wr.split": [completeStep()], "wr.look": [completeStep()] },
      // Each child's first answer waits for the request of the last child.
      onRequest: (request) => (workflowOf(request) === "wr.look" ? together() : Promise.resolve()),
    });
    expect(await world.run()).toMatchObject({ ending: "completed" });
    const events = await world.everything();
    const starts = events.flatMap((event) => (event.kind === "session_started" ? [event.data] : []));
    const parent = starts.find((start) => start.workflow.id === "wr.split");
    expect(starts.filter((start) => start.workflow.id === "wr.look").map(({ parentSessionId, goal, context }) => ({ parentSessionId, goal, context }))).toEqual(
      ["one", "two", "three"].map((where) => ({ parentSessionId: parent?.sessionId, goal: `Part ${where}`, context: { where } })),
    );
    const synthesis = ofWorkflow(world, "wr.split");
    expect(synthesis).toHaveLength(1);
    expect(synthesis[0] && textOf(synthesis[0])).toContain("Bring it together.");
    expect(synthesis[0] && textOf(synthesis[0])).toContain("Done and seen.");
  });

  test("that may write work alone, each on what the one before left, and what they changed is the parent's", async () => {
    const order: string[] = [];
    const world = await open({
      workflowId: "wr.split",
      workflows: [parallel("wr.change"), changer],
      turns: { "wr.split": [completeStep()], "wr.change": (view) => (view.turnIndex === 0 ? write(`${/Change (\w+)/.exec(view.firstMessage)?.[1]}.txt`, "x") : completeStep()) },
      onRequest: (request) => {
        const where = /Change (one|two|three)/.exec(textOf(request))?.[1];
        if (workflowOf(request) === "wr.change" && where !== undefined) order.push(where);
        return Promise.resolve();
      },
    });
    expect(await world.run()).toMatchObject({ ending: "ready" });
    expect(order).toEqual(["one", "one", "two", "two", "three", "three"]);
    expect(Object.keys(world.workspace.files)).toEqual(["one.txt", "three.txt", "two.txt"]);
    expect((await world.item()).at(-1)).toMatchObject({ data: { outcome: "deliver", snapshot: { changedFiles: 3 } } });
  });

  test("I7: what a child changed that did not complete is taken back, and a person is asked before the parent goes on", async () => {
    const world = await open({
      workflowId: "wr.split",
      workflows: [workflow("wr.split", `  - id: split\n    title: Split\n    type: parallel\n    parallelDelegations: [{ workflowId: wr.change, args: { where: one } }]\n`), changer],
      turns: { "wr.change": (view) => (view.turnIndex === 0 ? write("one.txt", "half") : [{ type: "text", text: "I stop." }]) },
    });
    expect(await world.run()).toMatchObject({ ending: "awaiting-approval" });
    expect(world.workspace.files).toEqual({});
  });

  test("a run cut off in the middle goes on with those that are not done and repeats none", async () => {
    const abort = new AbortController();
    let lost = false;
    const world = await open({
      workflowId: "wr.split",
      workflows: [parallel("wr.look", "    maxParallel: 1\n"), looker],
      turns: { "wr.split": [completeStep()], "wr.look": [completeStep()] },
      onRequest: (request) => {
        if (textOf(request).includes("Look at two") && !lost) {
          lost = true;
          abort.abort();
        }
        return Promise.resolve();
      },
    });
    expect(await world.run({ signal: abort.signal })).toMatchObject({ ending: "cancelled" });
    const before = kindsOf(await world.everything(), "child_finished").length;
    expect(before).toBe(1);
    expect(await world.run()).toMatchObject({ ending: "completed" });
    const events = await world.everything();
    expect(kindsOf(events, "session_started").length).toBe(4);
    expect(kindsOf(events, "child_finished").length).toBe(3);
    const asked = ["one", "two", "three"].map((where) => ofWorkflow(world, "wr.look").filter((body) => textOf(body).includes(`Look at ${where}`)).length);
    // The request that was cut off is the only one that was made again.
    expect(asked).toEqual([1, 2, 1]);
  });

  test("a run lost while its agent waits for children goes on in the same conversation, at the step that is out then", async () => {
    const abort = new AbortController();
    const plan = workflow(
      "wr.split",
      `  - { id: plan, title: Plan, prompt: Plan it well. }\n  - id: split\n    title: Split\n    type: parallel\n    parallelDelegations: [{ workflowId: wr.look, args: { where: one } }]\n    synthesis: { prompt: Bring it together. }\n`,
    );
    const world = await open({
      workflowId: "wr.split",
      workflows: [plan, looker],
      turns: { "wr.split": [completeStep(), completeStep()], "wr.look": [completeStep()] },
      onRequest: (request) => {
        if (workflowOf(request) === "wr.look") abort.abort();
        return Promise.resolve();
      },
    });
    expect(await world.run({ signal: abort.signal })).toMatchObject({ ending: "cancelled" });
    expect(await world.run()).toMatchObject({ ending: "completed" });
    expect(ofWorkflow(world, "wr.split").map((body) => body.messages.length)).toEqual([1, 3]);
    const last = ofWorkflow(world, "wr.split").at(-1);
    expect(last && textOf(last)).toContain("Bring it together.");
    expect(last && textOf(last)).not.toContain("is_error");
  });

  test("a cancelled run reaches every child that is at work", async () => {
    const abort = new AbortController();
    const together = meeting(3);
    const world = await open({
      workflowId: "wr.split",
      workflows: [parallel("wr.look"), looker],
      turns: { "wr.split": [completeStep()], "wr.look": [completeStep()] },
      onRequest: async (request) => {
        if (workflowOf(request) !== "wr.look") return;
        await together();
        abort.abort();
      },
    });
    expect(await world.run({ signal: abort.signal })).toMatchObject({ ending: "cancelled" });
    const ends = (await world.everything()).flatMap((event) => (event.kind === "agent_ended" ? [event.data.code] : []));
    expect(ends).toEqual(["cancelled", "cancelled", "cancelled"]);
    expect(await world.run()).toMatchObject({ ending: "completed" });
  });

  test("I5: together they never pass the item's budget, and with a higher one the same children go on", async () => {
    const world = await open({ workflowId: "wr.split", workflows: [parallel("wr.look"), looker], turns: { "wr.split": [completeStep()], "wr.look": [completeStep()] } });
    expect(await world.run({ budget: { turns: 2 } })).toMatchObject({ ending: "budget", spent: { turns: 2 } });
    expect(world.model.requests).toHaveLength(2);
    expect(await world.run()).toMatchObject({ ending: "completed", spent: { turns: 4 } });
    expect(world.model.requests).toHaveLength(4);
  });

  test("time that is used up while a child works is the reason why the item stops", async () => {
    const plan = workflow("wr.split", `  - { id: plan, title: Plan, prompt: Plan it well. }\n  - id: split\n    title: Split\n    type: parallel\n    parallelDelegations: [{ workflowId: wr.look, args: { where: one } }]\n`);
    let turns = 0;
    const world = await open({
      workflowId: "wr.split",
      workflows: [plan, looker],
      turns: { "wr.split": [completeStep(), completeStep()], "wr.look": [completeStep()] },
      onTurn: async (clock) => {
        turns += 1;
        if (turns === 2) await clock.advance(61_000);
      },
    });
    expect(await world.run({ budget: { ms: 60_000 } })).toMatchObject({ ending: "budget", reason: { code: "budget_time" } });
    expect(await world.run({ budget: { ms: 10_000_000 } })).toMatchObject({ ending: "completed" });
  });

  test("one that waits for a person keeps no other from working", async () => {
    const gated = workflow("wr.look", `  - { id: look, title: Look, prompt: "Look at {{where}}", allowedTools: [read], requireConfirmation: { kind: human_approval, condition: { var: where, equals: one } } }\n`);
    const world = await open({ workflowId: "wr.split", workflows: [parallel("wr.look", "    maxParallel: 1\n"), gated], turns: { "wr.look": [completeStep()] } });
    expect(await world.run()).toMatchObject({ ending: "awaiting-approval" });
    expect(kindsOf(await world.everything(), "child_finished")).toHaveLength(2);
  });

  test("a child has no tool that its parent's session or its delegation does not allow", async () => {
    const bounded = workflow("wr.split", `  - id: split\n    title: Split\n    type: parallel\n    parallelDelegations: [{ workflowId: wr.mid, allowedTools: [read] }]\n`);
    const middle = workflow("wr.mid", `  - id: deeper\n    title: Deeper\n    type: parallel\n    parallelDelegations: [{ workflowId: wr.change, args: { where: one }, allowedTools: [read, write] }]\n`);
    const world = await open({ workflowId: "wr.split", workflows: [bounded, middle, changer], turns: { "wr.split": [completeStep()], "wr.mid": [completeStep()], "wr.change": (view) => (view.turnIndex === 0 ? write("one.txt", "x") : completeStep()) } });
    expect(await world.run()).toMatchObject({ ending: "completed" });
    expect(world.workspace.files).toEqual({});
    const refused = (await world.everything()).flatMap((event) => (event.kind === "tool_completed" && event.data.name === "write" ? [event.data] : []));
    expect(refused).toMatchObject([{ isError: true, content: expect.stringContaining("allows only: read") }]);
  });

  test("allowedTools of a parallel step bounds its children and its synthesis: a delegation narrows it and never widens it", async () => {
    const bounded = workflow("wr.split", `  - id: split\n    title: Split\n    type: parallel\n    allowedTools: [read, grep]\n    parallelDelegations:\n      - { workflowId: wr.change, args: { where: one } }\n      - { workflowId: wr.change, args: { where: two }, allowedTools: [read, write] }\n    synthesis: { prompt: Bring it together. }\n`);
    const attempt = (view: { readonly turnIndex: number }) => (view.turnIndex === 0 ? write("one.txt", "x") : completeStep());
    const world = await open({ workflowId: "wr.split", workflows: [bounded, changer], turns: { "wr.split": attempt, "wr.change": attempt } });
    expect(await world.run()).toMatchObject({ ending: "completed" });
    expect(world.workspace.files).toEqual({});
    const starts = (await world.everything()).flatMap((event) => (event.kind === "session_started" ? [event.data] : []));
    expect(starts.map(({ allowedTools }) => allowedTools)).toEqual([undefined, ["read", "grep"], ["read"]]);
    const [, refused] = ofWorkflow(world, "wr.split");
    expect(refused && textOf(refused)).toContain("allows only: read, grep");
  });

  const use = (name: string, input: Record<string, Json>): AnswerBlock => ({ type: "tool_use", name, input });
  test("a routine that allows itself to write is no way around its caller's allowedTools, in the session and in what it delegates", async () => {
    const sneaky = workflowFile("wr.routine-sneaky", `  - { id: grab, title: Grab, prompt: Grab., allowedTools: [read, write, bash, spawn_agent] }\n  - { id: split, title: Split, type: parallel, notesOptional: true, allowedTools: [read, write], parallelDelegations: [{ workflowId: wr.change, args: { where: one }, allowedTools: [write] }] }\n`);
    const caller = workflow("wr.call", `  - { id: call, title: Call, allowedTools: [read, spawn_agent], templateCall: { templateId: wr.templates.routine.sneaky } }\n`, [sneaky]);
    const world = await open({
      workflowId: "wr.call",
      workflows: [caller, changer],
      turns: {
        "wr.call": (view) => (view.turnIndex === 0 ? [use("write", { path: "mine.txt", content: "x" }), use("bash", { command: "> mine.txt" }), use("spawn_agent", { role: "implementer", goal: "Write it." })] : completeStep()),
        "wr.role-implementer": (view) => (view.turnIndex === 0 ? write("spawned.txt", "x") : result),
        "wr.change": (view) => (view.turnIndex === 0 ? write("child.txt", "x") : completeStep()),
      },
    });
    await world.run();
    expect(world.workspace.files).toEqual({});
    const refused = (await world.everything()).flatMap((event) => (event.kind === "tool_completed" && event.data.isError ? [`${event.data.name}: ${event.data.content.split(/,? complete_step/)[0]}`] : []));
    expect(refused.toSorted()).toEqual(['bash: The step "Grab" allows only: read, spawn_agent', 'write: The step "Change" allows only:', 'write: The step "Grab" allows only: read, spawn_agent', 'write: The step "Make the change" allows only: read']);
  });

  test("what its children run is in the record before they begin, and no change of their files on the way changes it", async () => {
    const plan = workflow("wr.split", `  - { id: first, title: First, prompt: First. }\n  - { id: split, title: Split, type: parallel, notesOptional: true, parallelDelegations: [{ workflowId: wr.mid }, { workflowId: wr.nowhere, runCondition: { var: never } }] }\n`);
    const mid = (child: string) => workflow("wr.mid", `  - { id: mid, title: Mid, type: parallel, notesOptional: true, parallelDelegations: [{ workflowId: ${child}, args: { where: here } }] }\n`);
    const workflows = [plan, mid("wr.look"), looker];
    const abort = new AbortController();
    const world = await open({ workflowId: "wr.split", workflows, turns: { "wr.split": [completeStep()], "wr.look": [completeStep()] }, onRequest: () => Promise.resolve(abort.abort()) });
    expect(await world.run({ signal: abort.signal })).toMatchObject({ ending: "cancelled" });
    const startsOf = async () => (await world.everything()).flatMap((event) => (event.kind === "session_started" ? [event.data] : []));
    const [parent] = await startsOf();
    expect(Object.keys(parent?.childPlans ?? {})).toEqual(["wr.look", "wr.mid"]);
    for (const [id, sha256] of Object.entries(parent?.childPlans ?? {})) {
      const kept = parsePlan(new TextDecoder().decode((await world.journal.getBlob(sha256)) ?? new Uint8Array()));
      expect(kept).toEqual({ ok: true, value: workflows.find((each) => each.id === id) });
    }
    // The files of both are other ones by the time that they begin.
    workflows.splice(1, 2, mid("wr.change"), workflow("wr.look", `  - { id: look, title: Look, prompt: Look away. }\n`), changer);
    expect(await world.run()).toMatchObject({ ending: "completed" });
    const starts = await startsOf();
    expect(starts.map(({ workflow: { id } }) => id)).toEqual(["wr.split", "wr.mid", "wr.look"]);
    expect(starts.slice(1).map((start) => start.plan)).toEqual(["wr.mid", "wr.look"].map((id) => parent?.childPlans?.[id]));
    expect(starts[1]?.childPlans).toEqual({ "wr.look": parent?.childPlans?.["wr.look"] });
    expect(starts[2]).not.toHaveProperty("childPlans");
    expect(ofWorkflow(world, "wr.look").map(textOf)).toEqual([expect.stringContaining("Look at here")]);
  });

  test("a child whose workflow was not there when its parent began is looked for when it is to begin", async () => {
    const workflows = [workflow("wr.split", `  - { id: first, title: First, prompt: First. }\n  - { id: split, title: Split, type: parallel, notesOptional: true, parallelDelegations: [{ workflowId: wr.look, args: { where: here } }] }\n`)];
    const abort = new AbortController();
    const world = await open({ workflowId: "wr.split", workflows, turns: { "wr.split": [completeStep()], "wr.look": [completeStep()] }, onRequest: () => Promise.resolve(abort.abort()) });
    await world.run({ signal: abort.signal });
    workflows.push(looker);
    expect(await world.run()).toMatchObject({ ending: "completed" });
  });

  test("a workflow that delegates to itself comes to an end", async () => {
    const endless = workflow("wr.endless", `  - id: again\n    title: Again\n    type: parallel\n    parallelDelegations: [{ workflowId: wr.endless }]\n`);
    const world = await open({ workflowId: "wr.endless", workflows: [endless], turns: {} });
    expect(await world.run()).toMatchObject({ ending: "awaiting-approval" });
    expect(kindsOf(await world.everything(), "session_started")).toHaveLength(4);
  });
});

const spawn = (role: string, goal: string, more: Readonly<Record<string, Json>> = {}): readonly AnswerBlock[] => [{ type: "tool_use", name: "spawn_agent", input: { role, goal, ...more } }];
const result = completeStep("wr.contracts.coordinator_result", { outcome: "success", summary: "It is in src/a.ts:3." });

test("an item's journal is read with every session that worked for it, so that none is a stranger to who delivers it", async () => {
  const world = await open({
    workflowId: "wr.split",
    workflows: [parallel("wr.deep"), workflow("wr.deep", `  - { id: work, title: Work, prompt: Do it well., audit: { rubric: [It holds] } }\n`)],
    turns: { "wr.split": [completeStep()], "wr.deep": (view) => (view.firstMessage.includes("(work.audit)") ? completeStep("wr.contracts.gate_verdict", { verdict: "approved", rationale: "Seen." }) : completeStep()) },
  });
  expect(await world.run()).toMatchObject({ ending: "completed", spent: { turns: 7 } });
  const journal = await readItemJournal(world.journal, ITEM);
  expect([...journal.sessions.keys()].map((id) => `session/${id}`).toSorted()).toEqual((await world.journal.streams()).filter((stream) => stream.startsWith("session/")));
  const view = itemView(journal);
  expect(view.turns).toBe(7);
  expect(view.helpers.map(({ role, parentSessionId }) => [role, parentSessionId !== null])).toEqual([[null, true], [null, true], [null, true], ["audit", true], ["audit", true], ["audit", true]]);
});

describe("spawn_agent", () => {
  test("several in one turn work side by side, and their results come back as data", async () => {
    const together = meeting(2);
    const world = await open({
      workflowId: "wr.ask",
      workflows: [workflow("wr.ask", `  - { id: ask, title: Ask, prompt: Ask. }\n`)],
      turns: { "wr.ask": [[...spawn("researcher", "Where is it?"), ...spawn("challenger", "Is it there?")], completeStep()], "wr.role-researcher": [result], "wr.role-challenger": [result] },
      onRequest: (request) => (workflowOf(request).startsWith("wr.role-") ? together() : Promise.resolve()),
    });
    expect(await world.run()).toMatchObject({ ending: "completed" });
    const [researcher] = ofWorkflow(world, "wr.role-researcher");
    expect(researcher && systemOf(researcher)).toContain("You are a researcher.");
    expect(researcher && textOf(researcher)).toContain("Where is it?");
    expect(researcher?.model).toBe("claude-haiku-5-5");
    const last = ofWorkflow(world, "wr.ask").at(-1);
    expect(last && textOf(last)).toContain("It is in src/a.ts:3.");
    const children = (await world.everything()).flatMap((event) => (event.kind === "child_started" ? [event.data] : []));
    expect(children.map(({ role, goal }) => [role, goal])).toEqual([["researcher", "Where is it?"], ["challenger", "Is it there?"]]);
  });

  test("is no way around allowedTools: an implementer of a step that only reads cannot write, nor have a command run", async () => {
    const sneaky = workflow("wr.sneaky", `  - { id: run, title: Run, prompt: Run., verification: { command: "touch {{command}}" } }\n`);
    const world = await open({
      workflowId: "wr.ask",
      workflows: [workflow("wr.ask", `  - { id: ask, title: Ask, prompt: Ask., allowedTools: [read, spawn_agent] }\n`), sneaky],
      turns: {
        "wr.ask": [spawn("implementer", "Write it."), spawn("implementer", "Run it.", { workflowId: "wr.sneaky", context: { command: "owned" } }), completeStep()],
        "wr.role-implementer": [write("owned.txt", "x"), result],
        "wr.sneaky": [completeStep(), completeStep(), completeStep()],
      },
    });
    await world.run();
    expect(world.workspace.files).toEqual({});
    expect(world.verified).toEqual([]);
    const [child] = ofWorkflow(world, "wr.role-implementer");
    expect(child && textOf(child)).toContain("Tools allowed in this step: read");
    const refused = (await world.everything()).find((event) => event.kind === "tool_completed" && event.data.name === "write");
    expect(refused).toMatchObject({ data: { isError: true } });
  });

  test("one that writes goes on with the files as it left them, and they are the parent's when it completes", async () => {
    const abort = new AbortController();
    let lost = false;
    const world = await open({
      workflowId: "wr.ask",
      workflows: [workflow("wr.ask", `  - { id: ask, title: Ask, prompt: Ask. }\n`)],
      turns: { "wr.ask": [write("mine.txt", "x"), spawn("implementer", "Write more."), completeStep()], "wr.role-implementer": [write("first.txt", "x"), write("second.txt", "x"), result] },
      onRequest: (request) => {
        if (workflowOf(request) === "wr.role-implementer" && request.messages.length === 3 && !lost) {
          lost = true;
          abort.abort();
        }
        return Promise.resolve();
      },
    });
    expect(await world.run({ signal: abort.signal })).toMatchObject({ ending: "cancelled" });
    // A new runner begins with the files of the base commit.
    world.workspace.files = {};
    expect(await world.run()).toMatchObject({ ending: "ready" });
    expect(Object.keys(world.workspace.files)).toEqual(["first.txt", "mine.txt", "second.txt"]);
    expect((await world.item()).at(-1)).toMatchObject({ data: { snapshot: { changedFiles: 3 } } });
    // Four turns of the child: its second was cut off and asked for again.
    expect(ofWorkflow(world, "wr.role-implementer").map((body) => body.messages.length)).toEqual([1, 3, 3, 5]);
  });

  test("what cannot be started is told to who asked, and nothing else stops", async () => {
    const world = await open({
      workflowId: "wr.ask",
      workflows: [workflow("wr.ask", `  - { id: ask, title: Ask, prompt: Ask. }\n`)],
      turns: {
        "wr.ask": (view) =>
          view.turnIndex === 0
            ? [...spawn("researcher", "x", { workflowId: "wr.nothing" }), ...spawn("researcher", "y\u0000\ud800", { context: { constructor: "x", odd: "\u0000" } }), ...spawn("nobody", "w")]
            : completeStep(),
        "wr.role-researcher": [result],
      },
    });
    expect(await world.run()).toMatchObject({ ending: "completed" });
    const answers = (await world.everything()).flatMap((event) => (event.kind === "tool_completed" && event.data.name === "spawn_agent" ? [event.data.content] : []));
    expect(answers).toHaveLength(3);
    for (const told of ['There is no workflow "wr.nothing"', "The arguments of spawn_agent do not fit", "The researcher ended as completed"]) expect(answers.filter((answer) => answer.includes(told))).toHaveLength(1);
  });

  test("a step whose allowedTools lack it cannot call it", async () => {
    const world = await open({ workflowId: "wr.ask", workflows: [workflow("wr.ask", `  - { id: ask, title: Ask, prompt: Ask., allowedTools: [read] }\n`)], turns: { "wr.ask": (view) => (view.turnIndex === 0 ? spawn("researcher", "x") : completeStep()) } });
    expect(await world.run()).toMatchObject({ ending: "completed" });
    expect(kindsOf(await world.everything(), "session_started")).toHaveLength(1);
  });

  test("what an implementer changes stays, what a verifier changes is taken back", async () => {
    const world = await open({
      workflowId: "wr.ask",
      workflows: [workflow("wr.ask", `  - { id: ask, title: Ask, prompt: Ask. }\n`)],
      turns: { "wr.ask": [spawn("implementer", "Write it."), spawn("verifier", "Does it hold?"), completeStep()], "wr.role-implementer": [write("kept.txt", "x"), result], "wr.role-verifier": [[{ type: "tool_use", name: "bash", input: { command: "> junk.txt" } }], result] },
    });
    expect(await world.run()).toMatchObject({ ending: "ready" });
    expect(Object.keys(world.workspace.files)).toEqual(["kept.txt"]);
    const [verifier] = ofWorkflow(world, "wr.role-verifier");
    expect(verifier && textOf(verifier)).toContain("kept.txt");
  });

  test("I7: what a failed implementer left half-done is not the parent's, though another was spawned while it wrote", async () => {
    const written = Promise.withResolvers<void>();
    let heard = "";
    const world: ItemWorld = await open({
      workflowId: "wr.ask",
      workflows: [workflow("wr.ask", `  - { id: ask, title: Ask, prompt: Ask. }\n`)],
      turns: {
        "wr.ask": (view) => (view.turnIndex === 0 ? write("mine.txt", "x") : view.turnIndex === 1 ? [...spawn("implementer", "Write it."), ...spawn("verifier", "Does it hold?")] : completeStep()),
        "wr.role-implementer": [[{ type: "tool_use", name: "bash", input: { command: "> half.txt" } }], [{ type: "text", text: "I stop." }], [{ type: "text", text: "I stop." }]],
        "wr.role-verifier": [result],
      },
      onTool: async (tool) => {
        if (tool !== "bash") return;
        written.resolve();
        // The command is at work until the other one has been asked for.
        while (kindsOf(await world.everything(), "child_started").length < 2) await setImmediate();
        await setImmediate();
      },
      onRequest: (request) => {
        if (workflowOf(request) === "wr.role-verifier") heard = textOf(request);
        return Promise.resolve();
      },
    });
    const { describe: tell } = world.workspace;
    // A look at the change that takes until the writer is in the middle of its work.
    world.workspace.describe = async () => {
      await written.promise;
      return tell();
    };
    expect(await world.run()).toMatchObject({ ending: "ready" });
    expect(Object.keys(world.workspace.files)).toEqual(["mine.txt"]);
    expect((await world.item()).at(-1)).toMatchObject({ data: { outcome: "deliver", snapshot: { changedFiles: 1 } } });
    expect(heard).toContain("mine.txt");
    expect(heard).not.toContain("half.txt");
  });

  test("I5: a limit of the run that stops one leaves it open, and with a higher one the same agent goes on with its files", async () => {
    const world = await open({
      workflowId: "wr.ask",
      workflows: [workflow("wr.ask", `  - { id: ask, title: Ask, prompt: Ask. }\n`)],
      turns: { "wr.ask": [spawn("implementer", "Write it."), completeStep()], "wr.role-implementer": [write("first.txt", "x"), write("second.txt", "x"), result] },
    });
    expect(await world.run({ budget: { turns: 2 } })).toMatchObject({ ending: "budget", reason: { code: "budget_turns" } });
    expect(world.workspace.files).toEqual({});
    const parked = await world.everything();
    expect(parked.flatMap((event) => (event.kind === "tool_completed" && event.data.name === "spawn_agent" ? [event.data] : []))).toEqual([]);
    expect(kindsOf(parked, "session_ended")).toEqual([]);
    expect(await world.run()).toMatchObject({ ending: "ready", spent: { turns: 5 } });
    expect(Object.keys(world.workspace.files)).toEqual(["first.txt", "second.txt"]);
    const events = await world.everything();
    expect(kindsOf(events, "session_started")).toHaveLength(2);
    const answers = events.flatMap((event) => (event.kind === "tool_completed" && event.data.name === "spawn_agent" ? [event.data] : []));
    expect(answers).toMatchObject([{ isError: false, content: expect.stringContaining("ended as completed") }]);
    expect(ofWorkflow(world, "wr.role-implementer").map((body) => body.messages.length)).toEqual([1, 3, 5]);
  });

  test("a limit of every single session that stops one is told to who asked, and what it changed is taken back", async () => {
    const world = await open({
      workflowId: "wr.ask",
      workflows: [workflow("wr.ask", `  - { id: ask, title: Ask, prompt: Ask. }\n`)],
      turns: { "wr.ask": (view) => (view.turnIndex === 0 ? spawn("implementer", "Write it.") : completeStep()), "wr.role-implementer": [write("first.txt", "x"), write("second.txt", "x"), result] },
    });
    expect(await world.run({ budget: { session: { turns: 2 } } })).toMatchObject({ ending: "completed" });
    expect(world.workspace.files).toEqual({});
    const answers = (await world.everything()).flatMap((event) => (event.kind === "tool_completed" && event.data.name === "spawn_agent" ? [event.data] : []));
    expect(answers).toMatchObject([{ isError: true, content: expect.stringContaining("All 2 turns of the budget are used") }]);
  });

  test("a run lost while one is at work goes on with the same one", async () => {
    const abort = new AbortController();
    const world = await open({
      workflowId: "wr.ask",
      workflows: [workflow("wr.ask", `  - { id: ask, title: Ask, prompt: Ask. }\n`)],
      turns: { "wr.ask": [spawn("researcher", "Where?"), completeStep()], "wr.role-researcher": [[{ type: "tool_use", name: "read", input: { path: "a" } }], result] },
      onRequest: (request) => {
        if (workflowOf(request) === "wr.role-researcher" && request.messages.length > 1) abort.abort();
        return Promise.resolve();
      },
    });
    expect(await world.run({ signal: abort.signal })).toMatchObject({ ending: "cancelled" });
    expect(await world.run()).toMatchObject({ ending: "completed" });
    const events = await world.everything();
    expect(kindsOf(events, "session_started")).toHaveLength(2);
    expect(kindsOf(events, "child_started")).toHaveLength(1);
    expect(ofWorkflow(world, "wr.ask").map((body) => body.messages.length)).toEqual([1, 3]);
  });
});
