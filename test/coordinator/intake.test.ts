/** What an item's run looks for before it works, and how large work is proposed to be cut, through the coordinator. */
import { afterEach, describe, expect, test } from "vitest";
import { answerItem, type CoordinatorDeps, type OpenItem } from "../../src/coordinator/index.ts";
import { existingArtifacts } from "../../src/coordinator/existing-artifacts.ts";
import type { Duplicate, ItemEvent } from "../../src/record/index.ts";
import { taskKeyOf } from "../../src/record/task-key.ts";
import { readItemReport, reportMarkdown } from "../../src/report/index.ts";
import type { BaseFile, BaseFiles } from "../../src/workspace/index.ts";
import { cleanReview, completeStep, decidedOtherwise, ITEM, itemWorld, workflow, write, type ItemWorld, type ItemWorldOptions } from "./item-world.ts";
import { nothingToSearch } from "../fakes/base-search.ts";

const worlds: ItemWorld[] = [];
afterEach(async () => {
  const closed = worlds.splice(0);
  await Promise.all(closed.map((world) => world.model.close()));
  expect((await Promise.all(closed.map(decidedOtherwise))).flat()).toEqual([]);
});

const POLICY: OpenItem["pipeline"] = { mode: "auto", confirm: "never", duplicates: "stop", pitches: [".worktrain/pitches/issue-{number}.md"], requires: [], decompose: "ask" };
const step = (id: string, contract: string): string => `  - { id: ${id}, title: ${id}, prompt: "Work on {{goal}}", outputContract: { contractRef: ${contract} } }\n`;
const SHORT = [
  workflow("wr.quick-task", step("change", "wr.contracts.coding_handoff")),
  workflow("wr.coding-task", step("change", "wr.contracts.coding_handoff")),
  workflow("wr.discovery", step("find", "wr.contracts.discovery_handoff")),
  workflow("wr.shaping", step("shape", "wr.contracts.shaping_handoff")),
  workflow("wr.ticket-creation", `${step("draft", "tickets")}contracts:\n  tickets: { type: object, properties: { tickets: { type: array, items: { type: object } } }, required: [tickets] }\n`),
];
const open = async (options: Omit<ItemWorldOptions, "workflows"> & Partial<Pick<ItemWorldOptions, "workflows">>): Promise<ItemWorld> => {
  const world = await itemWorld({ pipeline: POLICY, workflows: SHORT, ...options });
  worlds.push(world);
  return world;
};
const surroundings = (more: Partial<NonNullable<CoordinatorDeps["surroundings"]>> = {}): NonNullable<CoordinatorDeps["surroundings"]> => ({
  issueNumber: 12,
  requires: [],
  newestBase: { ref: "main", sha: "a".repeat(40) },
  labels: () => Promise.resolve([]),
  duplicates: () => Promise.resolve([]),
  ...more,
});

const classified = (fields: object = {}) =>
  completeStep("wr.contracts.classification", { taskKind: "chore", taskComplexity: "small", riskLevel: "low", hasUi: false, touchesArchitecture: false, taskMaturity: "ready", interpretation: "Mend it.", ambiguities: [], deduplicationKey: "mend-it", ...fields });
const handOver = completeStep("wr.contracts.coding_handoff", { prTitle: "Mend it", filesChanged: ["a.txt"], testsAdded: [], sideEffects: [] });
const happy: ItemWorldOptions["turns"] = { "wr.classify-task": [classified()], "wr.quick-task": [write("a.txt", "mended"), handOver], "wr.coding-task": [write("a.txt", "mended"), handOver], "wr.mr-review": [cleanReview] };
const checks = (events: readonly ItemEvent[]) => events.flatMap((event) => (event.kind === "intake_checked" ? [event.data] : []));
const phases = (events: readonly ItemEvent[]) => events.flatMap((event) => (event.kind === "session_scheduled" ? [event.data.phase] : []));
const PULL: Duplicate = { kind: "pull-request", what: "pull request #7, which closes this issue", url: "https://github.com/acme/shop/pull/7" };

describe("duplicates", () => {
  test("what has the work is found before any session: nothing is spent", async () => {
    const world = await open({ turns: {}, surroundings: surroundings({ duplicates: () => Promise.resolve([PULL]) }) });
    expect(await world.run()).toMatchObject({ ending: "duplicate", spent: { turns: 0 }, reason: { message: expect.stringContaining(PULL.url) } });
    expect(phases(await world.item())).toEqual([]);
    expect((await world.item()).at(-1)).toMatchObject({ kind: "item_ended", data: { outcome: "stopped", ending: "duplicate", snapshot: null } });
  });

  test("the same work, by the key of the classification, ends it before it is coded", async () => {
    const asked: (string | null)[] = [];
    const world = await open({
      turns: happy,
      surroundings: surroundings({
        duplicates(taskKey) {
          asked.push(taskKey);
          return Promise.resolve(taskKey === null ? [] : [{ ...PULL, kind: "same-key" }]);
        },
      }),
    });
    expect((await world.run()).ending).toBe("duplicate");
    expect(asked).toEqual([null, taskKeyOf("Mend it")]);
    expect(phases(await world.item())).toEqual(["classify"]);
  });

  test("one that is ignored by policy, and a local task, ask nobody", async () => {
    const never = surroundings({ duplicates: () => Promise.reject(new Error("asked")) });
    const ignoring = await open({ turns: happy, surroundings: never, pipeline: { ...POLICY, duplicates: "ignore" } });
    expect((await ignoring.run()).ending).toBe("ready");
    expect((await (await open({ turns: happy })).run()).ending).toBe("ready");
  });
});

describe("what exists is taken", () => {
  const idea: ItemWorldOptions["turns"] = { ...happy, "wr.classify-task": [classified({ taskMaturity: "idea", taskKind: "feature" })], "wr.discovery": [completeStep("wr.contracts.discovery_handoff", { selectedDirection: "x" })] };

  test("a spec that the issue links and the pitch in its place are recorded whole, and no session makes them again", async () => {
    const files = { "docs/spec.md": "# Spec\u202e\nTotals are rounded.", ".worktrain/pitches/issue-12.md": "# Pitch", ".worktrain/pitches/issue-13.md": "another's" };
    const world = await open({ turns: idea, baseFiles: files, task: { title: "Totals", body: "See the [spec](docs/spec.md) and the [RFC](https://github.com/other/one/blob/main/rfc.md)." }, surroundings: surroundings() });
    expect((await world.run()).ending).toBe("ready");
    const events = await world.item();
    expect(checks(events)[0]).toMatchObject({
      taken: [
        { path: ".worktrain/pitches/issue-12.md", as: "pitch", text: "# Pitch" },
        { path: "docs/spec.md", as: "direction", text: "# Spec[U+202E]\nTotals are rounded.", sha256: expect.stringMatching(/^[0-9a-f]{64}$/), sizeBytes: 29 },
      ],
      passedOver: [{ path: "https://github.com/other/one/blob/main/rfc.md", why: expect.stringContaining("not followed") }],
    });
    expect(phases(events)).toEqual(["classify", "code", "review"]);
    const told = reportMarkdown(await readItemReport(world.journal, ITEM)).replaceAll(/[\u2060\\]/g, "");
    expect(told).toMatch(/Taken from the base commit as the pitch, instead of being made.*\.worktrain\/pitches\/issue-12\.md/);
    expect(told).toMatch(/Named as a spec or a pitch and not taken.*links elsewhere are not followed/);
    expect(events.find((event) => event.kind === "session_scheduled" && event.data.phase === "code")).toMatchObject({ data: { context: { pitch: { takenFrom: [{ text: "# Pitch" }] }, direction: { takenFrom: [{ path: "docs/spec.md" }] } } } });
  });

  test("a link in the tree, a directory, a file that is too large and one too many are passed over, with the reason", async () => {
    const entries: readonly (BaseFile & { readonly text: string })[] = [
      { path: "docs/link.md", kind: "link", oid: "1", sizeBytes: 12, text: "/etc/passwd" },
      { path: "docs/large.md", kind: "file", oid: "2", sizeBytes: 40_000, text: "x" },
      { path: "docs/dir.md/inner.md", kind: "file", oid: "3", sizeBytes: 1, text: "x" },
      ...[4, 5, 6, 7, 8, 9].map((n) => ({ path: `docs/${n}.md`, kind: "file" as const, oid: String(n), sizeBytes: 5, text: "small" })),
    ];
    const read: string[] = [];
    const files: BaseFiles = {
      ...nothingToSearch,
      commit: "a".repeat(40),
      list: () => Promise.resolve(entries),
      find: (paths) => Promise.resolve(entries.filter(({ path }) => paths.some((each) => path === each || path.startsWith(`${each}/`)))),
      read: ({ path }) => Promise.resolve(read.push(path) > 0 ? (entries.find((each) => each.path === path)?.text ?? null) : null),
    };
    const named = ["docs/link.md", "docs/large.md", "docs/dir.md", "docs/none.md", ...[4, 5, 6, 7, 8, 9].map((n) => `docs/${n}.md`)].map((path) => ({ path, as: "direction" as const }));
    const { taken, passedOver } = await existingArtifacts(files, { named, pitches: [], redact: (text) => text.replace("small", "[redacted]") });
    expect(taken.map(({ path, text }) => [path, text])).toEqual([4, 5, 6, 7, 8].map((n) => [`docs/${n}.md`, "[redacted]"]));
    expect(passedOver).toEqual([
      { path: "docs/link.md", why: "it is a symbolic link, and those are not followed" },
      { path: "docs/large.md", why: "it has 40000 bytes, at most 32768 are taken" },
      { path: "docs/dir.md", why: expect.stringContaining("no such file") },
      { path: "docs/none.md", why: expect.stringContaining("no such file") },
      { path: "docs/9.md", why: "at most 5 files are taken" },
    ]);
    expect(read).not.toContain("docs/link.md");
  });
});

describe("a governed repository", () => {
  const requires = [{ what: "A spec", path: "docs/specs/{number}.md" }, { what: "The architects' word", label: "Architecture-OK" }];

  test("waits until what it requires is there, says what is missing, and goes on on the newest commit", async () => {
    let labels: readonly string[] = [];
    const now = { sha: "a".repeat(40) };
    const world = await open({ turns: happy, pipeline: { ...POLICY, requires }, surroundings: { ...surroundings({ requires }), labels: () => Promise.resolve(labels), newestBase: { ref: "main", sha: now.sha } } });
    expect(await world.run()).toMatchObject({ ending: "waiting-for-artifacts", spent: { turns: 0 }, state: { ended: null }, reason: { message: expect.stringMatching(/A spec: a file docs\/specs\/\{number\}\.md.*\n.*The architects' word: the label Architecture-OK/) } });
    expect(world.saves.at(-1)).toMatchObject({ step: "waits", ending: "waiting-for-artifacts" });
    const told = await readItemReport(world.journal, ITEM);
    expect(told.standing).toMatchObject({ tone: "waiting", headline: expect.stringContaining("waits for what this repository requires first"), reason: { message: expect.stringContaining("A spec") } });
    labels = ["architecture-ok"];
    expect((await world.run()).reason?.message).not.toContain("Architecture-OK");
    Object.assign(world.workspace, { baseFiles: { ...nothingToSearch, list: () => Promise.resolve(null), commit: "a".repeat(40), find: () => Promise.resolve([{ path: "docs/specs/12.md", kind: "file", oid: "1", sizeBytes: 3 }]), read: () => Promise.resolve("yes") } });
    expect((await world.run()).ending).toBe("ready");
    expect(checks(await world.item()).map(({ at, missing }) => [at, missing.length])).toEqual([["opened", 2], ["opened", 1], ["opened", 0], ["classified", 0]]);
  });

  test("an empty file, a link and another issue's file do not count; what the config asks for now does", async () => {
    const world = await open({ turns: happy, pipeline: { ...POLICY, requires }, baseFiles: { "docs/specs/12.md": "", "docs/specs/1.md": "x" }, surroundings: surroundings({ requires: requires.slice(0, 1) }) });
    expect((await world.run()).ending).toBe("waiting-for-artifacts");
    const relaxed = await open({ turns: happy, pipeline: { ...POLICY, requires }, surroundings: surroundings() });
    expect((await relaxed.run()).ending).toBe("ready");
  });

  test("a local task goes by the files alone", async () => {
    const world = await open({ turns: happy, pipeline: { ...POLICY, requires: [{ what: "A plan", path: "docs/plan.md" }, { what: "A label", label: "x" }] } });
    expect(await world.run()).toMatchObject({ ending: "waiting-for-artifacts", reason: { message: expect.not.stringContaining("A label"), fix: expect.stringContaining("start the task anew") } });
  });
});

describe("large work", () => {
  const piece = (title: string, ...dependsOn: number[]) => ({ title, body: "What it is and why.", acceptance: ["One sees it."], outOfScope: [], files: [], dependsOn, questions: [] });
  const turns: ItemWorldOptions["turns"] = {
    ...happy,
    "wr.classify-task": [classified({ taskComplexity: "large", taskKind: "feature" })],
    "wr.shaping": [completeStep("wr.contracts.shaping_handoff", { selectedShape: "x" })],
    "wr.ticket-creation": [completeStep("tickets", { tickets: [piece("Second", 1), piece("First")], duplicates: [] })],
  };
  const large = (): Promise<ItemWorld> => open({ turns });

  test("waits for a person, whose word counts for this proposal and no other, and ends cut", async () => {
    const world = await large();
    expect(await world.run()).toMatchObject({ ending: "awaiting-approval", reason: { message: expect.stringContaining("1. First\n2. Second (after 1)") } });
    const gate = world.saves.at(-1)?.step ?? "";
    expect(gate).toMatch(/^gate-\d+-decomposition-[0-9a-f]{12}$/);
    const said = { verdict: "approved", reason: "", by: "ada" } as const;
    expect((await world.run({ answer: { ...said, gate: gate.replace(/.{12}$/, "0".repeat(12)) } })).ending).toBe("awaiting-approval");
    expect((await world.run({ answer: { ...said, gate } })).ending).toBe("decomposed");
    // What GitHub holds only the deliver job knows: until then there is something to deliver.
    expect(world.saves.at(-1)).toMatchObject({ ending: "ready" });
  });

  test("rejected it is done as one piece by a session that is told why", async () => {
    const world = await large();
    await world.run();
    expect(await answerItem(world.journal, ITEM, { verdict: "rejected", by: "ada", reason: "one release" })).toEqual({ ok: true, value: undefined });
    expect((await world.run()).ending).toBe("ready");
    expect((await world.item()).find((event) => event.kind === "session_scheduled" && event.data.phase === "code")).toMatchObject({ data: { context: { decomposition: { reason: "one release" } } } });
  });
});
