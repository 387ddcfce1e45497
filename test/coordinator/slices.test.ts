/** A large item in slices, with real git: working trees side by side, merges, a conflict, and what a lost run leaves. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { View } from "../../src/hosts/demo/model/player.ts";
import { openMemoryJournal, type Journal } from "../../src/journal/index.ts";
import type { ItemEvent } from "../../src/record/index.ts";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import type { Json } from "../../src/shared/json.ts";
import { openSlicePlace, openWorkspace, type Sandbox, type Workspace } from "../../src/workspace/index.ts";
import { itemView, readItemJournal, readItemReport, reportMarkdown, reportPage } from "../../src/report/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { HELPER, inShell, repository, sandboxOn, temporaryDirectory, type Content } from "../workspace/small-repository.ts";
import { cleanReview, completeStep, decidedOtherwise, ITEM, itemWorld, workflow, type ItemWorld, type ItemWorldOptions } from "./item-world.ts";

const PATHS = { PATH: process.env["PATH"] ?? "" };
const worlds: ItemWorld[] = [];
afterEach(async () => {
  const closed = worlds.splice(0);
  await Promise.all(closed.map((world) => world.model.close()));
  expect((await Promise.all(closed.map(decidedOtherwise))).flat()).toEqual([]);
});

const FILES: Readonly<Record<string, Content>> = { "shared.txt": "one\ntwo\nthree\n", "package.json": JSON.stringify({ scripts: { test: "test -f a.txt && test -f b.txt" } }) };
const handoff = completeStep("wr.contracts.coding_handoff", { filesChanged: ["a.txt", "b.txt", "c.txt", "shared.txt", "seen-by-a.txt", "seen-by-b.txt"] });
const handingOver = (id: string, prompt: string, more = "") => workflow(id, `  - { id: work, title: Work, prompt: "${prompt}"${more} }\n  - { id: hand-over, title: Hand over, prompt: Hand over., outputContract: { contractRef: wr.contracts.coding_handoff } }\n`);
const WORKFLOWS = [
  workflow("wr.slicing", `  - { id: cut, title: Cut, prompt: "Cut {{goal}}", allowedTools: [read], outputContract: { contractRef: wr.contracts.slices } }\n`),
  handingOver("wr.coding-task", "Slice {{slice.id}} of the task"),
  handingOver("wr.merge-conflict", "Resolve {{conflict}}"),
  handingOver("wr.slices-join", "Join", ", verification: { command: '{{commands.test}}' }"),
];

const slice = (id: string, dependsOn: readonly string[] = []): Json => ({ id, title: id, goal: `do ${id}`, files: [`${id}.txt`], dependsOn: [...dependsOn] });
const bash = (command: string) => [{ type: "tool_use" as const, name: "bash", input: { command } }];
const largeTask = completeStep("wr.contracts.classification", { taskComplexity: "large", riskLevel: "low", taskMaturity: "ready", interpretation: "Do it.", ambiguities: [] });
const sliceOf = (view: View): string => /Slice (\w+) of the task/.exec(view.firstMessage)?.[1] ?? "";
/** Runs the commands of the slice, one a turn, then completes both steps. */
const works = (commands: Readonly<Record<string, readonly string[]>>) => (view: View) => {
  const mine = commands[sliceOf(view)] ?? [];
  const command = mine[view.turnIndex];
  return command !== undefined ? bash(command) : view.turnIndex === mine.length ? completeStep() : handoff;
};

interface Options extends Partial<Pick<ItemWorldOptions, "onRequest" | "journal" | "turns">> {
  readonly slices: readonly Json[];
  readonly commands: Readonly<Record<string, readonly string[]>>;
  /** What is done about a conflict. */
  readonly resolve?: string;
  readonly at?: ReturnType<typeof clone>;
  /** Behind the walls; else each command is a shell in the directory, which starts sooner. */
  readonly confined?: true;
}

function shellIn(directory: string): Sandbox {
  const run = async (command: string) => {
    const done = await nodeProcesses.run("bash", ["-ec", command], { cwd: directory, env: PATHS, timeoutMs: 60_000 });
    return { exitCode: done.exitCode, output: new TextDecoder().decode(done.stdout) };
  };
  return {
    mode: "weak",
    hosts: [],
    takeReached: () => [],
    call: async (_, input) => ({ content: (await run((input as { command: string }).command)).output, isError: false }),
    runCommand: async () => ({ exitCode: (await run("test -f a.txt && test -f b.txt")).exitCode, timedOut: false, outputTail: "", durationMs: 1 }),
    renew: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

async function shellPlace({ slices }: Workspace, id: string) {
  const workspace = (await slices?.open(id)) ?? expect.fail("no slices");
  return { workspace, sandbox: shellIn(workspace.directory), close: () => workspace.close() };
}

function clone(files: Readonly<Record<string, Content>> = FILES) {
  const found = repository(files);
  return { ...found, privateDirectory: temporaryDirectory() };
}

async function open({ slices, commands, resolve = "true", at = clone(), turns, confined, ...options }: Options) {
  const mode = confined === undefined ? "weak" : "bubblewrap";
  const { directory, base, privateDirectory } = at;
  const workspace = await openWorkspace({ directory, base, privateDirectory, processes: nodeProcesses, sandbox: { mode } });
  const sandbox = confined === undefined ? shellIn(directory) : await sandboxOn(directory, mode);
  const opened: string[] = [];
  const world = await itemWorld({
    ...options,
    workflows: WORKFLOWS,
    pipeline: { mode: "implement", confirm: "never", slices: "auto", parallelSlices: 2 },
    turns: {
      "wr.classify-task": [largeTask],
      "wr.slicing": [completeStep("wr.contracts.slices", { slices: [...slices] })],
      "wr.coding-task": works(commands),
      "wr.merge-conflict": [bash(resolve), completeStep(), handoff],
      "wr.slices-join": [completeStep(), handoff],
      "wr.mr-review": [cleanReview],
      ...turns,
    },
    place: {
      workspace,
      sandbox,
      openSlice: async (id, beside) => {
        opened.push(id);
        return confined === undefined ? shellPlace(workspace, id) : openSlicePlace(workspace, { mode, processes: nodeProcesses, nodePath: process.execPath, helperPath: HELPER }, { id, beside });
      },
    },
  });
  worlds.push(world);
  /** Of the tree that is delivered. */
  const delivered = async (): Promise<Readonly<Record<string, string>>> => {
    const tree = (await world.item()).findLast((event) => event.kind === "item_ended")?.data.snapshot?.tree ?? expect.fail("nothing is delivered");
    const git = `git --git-dir=${join(privateDirectory, "repository")}`;
    return Object.fromEntries(inShell(directory, `${git} ls-tree -r --name-only ${tree}`).trim().split("\n").map((path) => [path, inShell(directory, `${git} cat-file blob ${tree}:${path}`)]));
  };
  const nothingLeft = () => [existsSync(join(privateDirectory, "slices")) ? readdirSync(join(privateDirectory, "slices")) : [], inShell(directory, "git worktree list").trim().split("\n").length];
  return { world, at, opened, delivered, nothingLeft };
}


const said = (events: readonly ItemEvent[]) => events.flatMap((event) => {
  if (event.kind === "session_scheduled") return [`begin ${event.data.slice?.id ?? event.data.workflowId}`];
  if (event.kind === "slice_integrated") return [`${event.data.how} ${event.data.sliceId}`];
  return event.kind === "slice_conflicted" ? [`conflict ${event.data.sliceId}`] : [];
});
const requestsOf = ({ model }: ItemWorld, text: string) => model.requests.filter(({ body }) => JSON.stringify(body?.messages ?? "").includes(text)).length;

/** Lets nobody go on until so many have come. */
function meeting(size: number): () => Promise<void> {
  let here = 0;
  const full = Promise.withResolvers<void>();
  return () => {
    here += 1;
    if (here >= size) full.resolve();
    return full.promise;
  };
}

const TWO = { slices: [slice("a"), slice("b")], commands: { a: ["echo a > a.txt"], b: ["echo b > b.txt"] } };

describe("slices of a large item", () => {
  test("that wait for no other are at work at the same time, see nothing of each other, and are delivered as one reviewed change", async () => {
    const together = meeting(2);
    const { world, delivered, opened, nothingLeft } = await open({
      ...TWO,
      confined: true,
      commands: { a: ["echo a > a.txt", "ls > seen-by-a.txt"], b: ["echo b > b.txt", "ls > seen-by-b.txt"] },
      onRequest: async (request) => (/Slice \w+ of the task/.test(JSON.stringify(request.messages[0])) && request.messages.length === 3 ? together() : undefined),
    });
    expect(await world.run()).toMatchObject({ ending: "ready", reason: null });
    expect(said(await world.item())).toEqual(["begin wr.classify-task", "begin wr.slicing", "begin a", "begin b", "fast-forward a", "merged b", "begin wr.slices-join", "begin wr.mr-review"]);
    const files = await delivered();
    expect(files).toMatchObject({ "a.txt": "a\n", "b.txt": "b\n" });
    expect([files["seen-by-a.txt"], files["seen-by-b.txt"]]).toEqual(["a.txt\npackage.json\nseen-by-a.txt\nshared.txt\n", "b.txt\npackage.json\nseen-by-b.txt\nshared.txt\n"]);
    expect(opened).toHaveLength(2);
    // The deliver job takes the files of the last session that made the change, which are the merged ones.
    const { sessions, snapshot } = itemView(await readItemJournal(world.journal, ITEM));
    expect(sessions.findLast(({ phase }) => phase === "code")).toMatchObject({ outcome: "completed", snapshot: { tree: snapshot?.tree } });
    expect(nothingLeft()).toEqual([[], 1]);
    const report = await readItemReport(world.journal, ITEM);
    expect(report.slices).toMatchObject([{ id: "a", wave: 1, tone: "good", standing: "integrated; nothing else had changed since it began" }, { id: "b", wave: 1, standing: "integrated by a three-way merge" }]);
    const markdown = reportMarkdown(report);
    expect(markdown).toContain('#### The slices\n```mermaid\nflowchart LR\n  p0["a: a"]:::good\n  p1["b: b"]:::good');
    // Both stand beside each other: they come from the plan, and the join comes from both.
    expect(markdown).toMatch(/  s1 --> s2\n[\s\S]*  s1 --> s3\n[\s\S]*  s2 --> s4\n  s3 --> s4\n/);
    expect(reportPage(report)).toContain(">The slices</h2>");
  });

  test("one that depends on another finds what it left, and the tests are run by the host on the merged whole", async () => {
    const { world, delivered } = await open({ slices: [slice("b", ["a"]), slice("a")], commands: { a: ["echo a > a.txt"], b: ["cat a.txt a.txt > b.txt"] } });
    expect(await world.run()).toMatchObject({ ending: "ready" });
    expect(await delivered()).toMatchObject({ "a.txt": "a\n", "b.txt": "a\na\n" });
    const verified = (await world.everything()).flatMap((event) => (event.kind === "verification_finished" ? [event.data.exitCode] : []));
    expect(verified).toEqual([0]);
  });

  test("the merged whole that is red ends the item with its tests, though each slice was done", async () => {
    const { world } = await open({ ...TWO, commands: { a: ["echo a > a.txt"], b: ["echo c > c.txt"] }, turns: { "wr.slices-join": () => completeStep() } });
    expect(await world.run()).toMatchObject({ ending: "tests-red" });
  });

  test("a conflict is told to a session with both sides, and what it resolves goes on", async () => {
    const { world, delivered } = await open({
      ...TWO,
      commands: { a: ["echo a > a.txt; sed -i s/two/A/ shared.txt"], b: ["echo b > b.txt; sed -i s/two/B/ shared.txt"] },
      resolve: "grep -n -e '<<<' -e '>>>' shared.txt; printf 'one\\nA and B\\nthree\\n' > shared.txt",
    });
    expect(await world.run()).toMatchObject({ ending: "ready" });
    expect(said(await world.item()).slice(4)).toEqual(["fast-forward a", "conflict b", "begin b", "resolved b", "begin wr.slices-join", "begin wr.mr-review"]);
    expect((await delivered())["shared.txt"]).toBe("one\nA and B\nthree\n");
    expect(requestsOf(world, "<<<<<<< whole")).toBeGreaterThan(0);
    expect((await world.item()).flatMap((event) => (event.kind === "slice_conflicted" ? event.data.conflicts : []))).toEqual([{ path: "shared.txt", kind: "markers" }]);
  });

  test.each([
    ["half of it", "sed -i '/^>>>>>>>/d; /^<<<<<<</d' shared.txt"],
    ["nothing, and hides it elsewhere", "mv shared.txt other.txt; git checkout -q -- shared.txt 2>/dev/null || printf 'one\\ntwo\\nthree\\n' > shared.txt"],
  ])("a conflict of which a session resolves %s ends the item, with the work of the others in the record", async (_, resolve) => {
    const { world } = await open({ ...TWO, commands: { a: ["echo a > a.txt; sed -i s/two/A/ shared.txt"], b: ["sed -i s/two/B/ shared.txt"] }, resolve });
    const result = await world.run();
    expect(result).toMatchObject({ ending: "not-completed", reason: { code: "merge-conflict", message: expect.stringContaining("Integrated and kept in the record: a (tree ") } });
    expect(result.state.ended).toMatchObject({ outcome: "stopped", snapshot: null });
    expect(result.state.snapshot).toEqual((await world.item()).findLast((event) => event.kind === "slice_integrated")?.data.snapshot);
  });

  test("one that does not come to its end takes nothing from the others, and the places are gone", async () => {
    const { world, nothingLeft } = await open({ slices: [slice("a"), slice("b"), slice("c", ["a"])], commands: TWO.commands, turns: { "wr.coding-task": (view) => (sliceOf(view) === "a" ? [{ type: "text", text: "I stop." }] : works(TWO.commands)(view)) } });
    expect(await world.run()).toMatchObject({ ending: "not-completed", reason: { message: expect.stringMatching(/^Slice a failed: .* Integrated and kept in the record: b \(tree [0-9a-f]{40}\)\. Not begun: c\.$/) } });
    expect(said(await world.item()).slice(2)).toEqual(["begin a", "begin b", "fast-forward b"]);
    expect(nothingLeft()).toEqual([[], 1]);
  });

  test("I5: they draw from one budget, and with a higher one the same sessions go on with the files they had", async () => {
    const { world, delivered, nothingLeft } = await open({ ...TWO, commands: { a: ["echo a > a.txt"], b: ["echo b > b.txt"] } });
    const first = await world.run({ budget: { turns: 5 } });
    expect(first).toMatchObject({ ending: "budget", spent: { turns: 5 } });
    expect(world.model.requests).toHaveLength(5);
    expect(nothingLeft()).toEqual([[], 1]);
    expect(await world.run()).toMatchObject({ ending: "ready" });
    expect(await delivered()).toMatchObject({ "a.txt": "a\n", "b.txt": "b\n" });
    expect(said(await world.item()).filter((line) => line.startsWith("begin ")).length).toBe(6);
    // Two turns before, three of each slice, two of the join, one of the review: none was made twice.
    expect(world.model.requests).toHaveLength(11);
  });

  test("a run that is cancelled in the middle of a wave repeats neither a turn nor a merge", async () => {
    const abort = new AbortController();
    const { world, delivered } = await open({
      ...TWO,
      onRequest: async (request) => {
        if (JSON.stringify(request.messages[0]).includes("Slice b of") && request.messages.length > 1) abort.abort();
      },
    });
    expect(await world.run({ signal: abort.signal })).toMatchObject({ ending: "cancelled" });
    expect(await world.run()).toMatchObject({ ending: "ready" });
    expect(await delivered()).toMatchObject({ "a.txt": "a\n", "b.txt": "b\n" });
    const events = await world.everything();
    expect(events.filter(({ kind }) => kind === "session_started")).toHaveLength(6);
    expect(events.filter((event) => event.kind === "slice_integrated").map(({ data }) => (data as { sliceId: string }).sliceId)).toEqual(["a", "b"]);
  });
});

/** A journal whose process dies at the first event of a kind: before the event is there, or just after. */
function dyingAt(kind: ItemEvent["kind"], when: "before" | "after"): Journal {
  const whole = openMemoryJournal({ clock: fakeClock() });
  let dead = false;
  const append: Journal["append"] = async (stream, after, events) => {
    const hit = !dead && events.some((event) => event.kind === kind);
    if (hit && when === "before") {
      dead = true;
      throw new Error("the process died");
    }
    const appended = await whole.append(stream, after, events);
    if (hit) {
      dead = true;
      throw new Error("the process died");
    }
    return appended;
  };
  return { ...whole, epoch: whole.epoch, append };
}

describe("a run that dies", () => {
  test.each([
    ["slice_integrated", "before"],
    ["slice_conflicted", "after"],
  ] as const)("at %s, %s it is written: the next one, on a clone of its own, merges once and repeats no turn", async (kind, when) => {
    const journal = dyingAt(kind, when);
    const conflicting: Options = {
      ...TWO,
      commands: { a: ["echo a > a.txt; sed -i s/two/A/ shared.txt"], b: ["echo b > b.txt; sed -i s/two/B/ shared.txt"] },
      resolve: "printf 'one\\nboth\\nthree\\n' > shared.txt",
      journal,
    };
    const at = clone();
    const lost = await open({ ...conflicting, at });
    await expect(lost.world.run()).rejects.toThrow("the process died");
    const before = lost.world.model.requests.length;
    const again = await open({ ...conflicting, at: { ...at, privateDirectory: temporaryDirectory() } });
    expect(await again.world.run()).toMatchObject({ ending: "ready" });
    expect(said(await again.world.item()).slice(2)).toEqual(["begin a", "begin b", "fast-forward a", "conflict b", "begin b", "resolved b", "begin wr.slices-join", "begin wr.mr-review"]);
    expect((await again.delivered())["shared.txt"]).toBe("one\nboth\nthree\n");
    expect(before + again.world.model.requests.length).toBe(1 + 1 + 3 + 3 + 3 + 2 + 1);
  });
});

test("nothing of a hostile repository is run by the merge or in making the working trees", async () => {
  const ran = join(temporaryDirectory(), "ran");
  const at = clone({ ...FILES, ".gitattributes": "* merge=evil filter=evil\n" });
  inShell(at.directory, `git config merge.evil.driver 'touch ${ran}' && git config filter.evil.smudge 'touch ${ran}; cat' && git config filter.evil.clean 'touch ${ran}; cat' && printf '#!/bin/sh\\ntouch ${ran}\\n' > .git/hooks/post-checkout && chmod +x .git/hooks/post-checkout`);
  const { world } = await open({ ...TWO, at, commands: { a: ["echo a > a.txt; sed -i s/one/A/ shared.txt"], b: ["echo b > b.txt; sed -i s/three/B/ shared.txt"] } });
  expect(await world.run()).toMatchObject({ ending: "ready" });
  expect(existsSync(ran)).toBe(false);
});

test("classified as small it is done in one piece, as ever", async () => {
  const { world, opened } = await open({ ...TWO, turns: { "wr.classify-task": [completeStep("wr.contracts.classification", { taskComplexity: "small", riskLevel: "high", taskMaturity: "ready", interpretation: "x", ambiguities: [] })], "wr.coding-task": [bash("echo a > a.txt"), completeStep(), handoff] } });
  expect(await world.run()).toMatchObject({ ending: "ready" });
  expect([opened, said(await world.item())]).toEqual([[], ["begin wr.classify-task", "begin wr.coding-task", "begin wr.mr-review"]]);
});
