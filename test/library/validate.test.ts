/** What `worktrain validate` says of files as authors and attackers leave them. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findWorkflow, validatePaths, type LibraryPlaces } from "../../src/library/index.ts";
import { openLibrary, referredBeside } from "../../src/library/library.ts";
import { cpuTimer } from "../fakes/cpu-time.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const directory = mkdtempSync(join(tmpdir(), "worktrain-validate-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const places: LibraryPlaces = { packageRoot: ROOT, workspace: directory, extra: [] };

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(directory, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
};
const workflow = (id: string, more = ""): string => `schemaVersion: 2\nid: ${id}\nname: Name\nversion: 1.0.0\ndescription: Text.\n${more}steps:\n  - {id: only, title: Only, prompt: Do it}\n`;

test("ten faults in one file are ten errors, each with line, column, path, message and fix", () => {
  const path = file(
    "ten.yaml",
    `schemaVersion: 2
id: Not An Id
name: ""
version: one
nonsense: 1
modelTier: huge
steps:
  - {id: a, title: Only, prompt: Do it}
  - {id: step-b, prompt: Do it}
  - {id: step-c, title: Only}
  - {id: step-d, title: Only, prompt: Do it, modelTier: tiny}
  - {id: step-d, title: Only, prompt: Do it, outputContract: {contractRef: wr.contracts.none}}
`,
  );
  const [report] = validatePaths([path], places);
  expect(report).toMatchObject({ path, ok: false, id: null });
  expect(report?.errors.length).toBeGreaterThanOrEqual(10);
  for (const error of report?.errors ?? []) {
    expect(error).toEqual({ line: expect.any(Number), column: expect.any(Number), path: expect.any(String), message: expect.stringMatching(/\S/), fix: expect.stringMatching(/\S/) });
  }
});

test.each([
  ["a file of 5 MB", "big.yaml", "# ".padEnd(5_000_000, "x")],
  ["10,000 levels in flow style", "deep.yaml", "[".repeat(10_000)],
  ["10,000 levels of JSON", "deep.json", `{"a":`.repeat(10_000)],
  ["aliases", "alias.yaml", "a: &a [x]\nb: [*a, *a]\n"],
  ["duplicate keys", "twice.yaml", "id: aaa\nid: bbb\n"],
  ["text that is not UTF-8", "latin1.yaml", new Uint8Array([0x69, 0x64, 0x3a, 0x20, 0xe4, 0xff])],
  ["nothing", "empty.yaml", ""],
  ["a NUL", "nul.yaml", "id: a\0b\n"],
])("%s is an error within a second", (_, name, content) => {
  const path = file(name, content);
  const spentMs = cpuTimer();
  const [report] = validatePaths([path], places);
  expect(spentMs()).toBeLessThan(5_000);
  expect(report?.ok).toBe(false);
  expect(report?.errors.length).toBeGreaterThan(0);
});

test("a folder is searched below and entered once: links in a circle, broken links and other files do no harm", () => {
  const folder = join(directory, "tree");
  file("tree/one.yaml", workflow("tree-one"));
  file("tree/sub/two.json", JSON.stringify({ id: "tree-two", name: "Name", version: "1.0.0", description: "Text.", steps: [{ id: "only", title: "Only", prompt: "Do it" }] }));
  file("tree/notes.md", "no workflow");
  file("tree/node_modules/three.yaml", "broken: [");
  symlinkSync(folder, join(folder, "sub", "up"));
  symlinkSync("loop.yaml", join(folder, "loop.yaml"));
  const reports = validatePaths([folder], places);
  expect(reports.map(({ path, ok, id }) => [path.slice(folder.length), ok, id])).toEqual([
    ["/loop.yaml", false, null],
    ["/one.yaml", true, "tree-one"],
    ["/sub/two.json", true, "tree-two"],
  ]);
});

test("what is missing, empty, unreadable or no file at all is said of the path", () => {
  mkdirSync(join(directory, "nothing-here"));
  const reports = validatePaths([join(directory, "none.yaml"), join(directory, "nothing-here"), "/dev/null"], places);
  expect(reports.map(({ ok, errors }) => [ok, errors[0]?.message])).toEqual([
    [false, "There is no such file or folder."],
    [false, "The folder holds no workflow files."],
    [false, "This is no regular file."],
  ]);
});

test("two files of one folder with the same id: the second has an error that names the first", () => {
  const first = file("same/a.yaml", workflow("same-id"));
  file("same/b.yaml", workflow("same-id"));
  const [a, b] = validatePaths([join(directory, "same")], places);
  expect(a?.ok).toBe(true);
  expect(b?.errors).toMatchObject([{ path: "id", message: expect.stringContaining(first) }]);
});

test("a team's workflow goes before a bundled one of the same id, and an extra source before both", () => {
  const team = file("repo/.worktrain/workflows/coding.yaml", workflow("wr.coding-task"));
  const extra = file("extra/coding.yaml", workflow("wr.coding-task"));
  const inside = { ...places, workspace: join(directory, "repo/.worktrain") };
  expect(findWorkflow(inside, { id: "wr.coding-task" })).toMatchObject({ ok: true, value: { file: team } });
  expect(findWorkflow({ ...inside, extra: [join(directory, "extra")] }, { id: "wr.coding-task" })).toMatchObject({ ok: true, value: { file: extra } });
  expect(findWorkflow(inside, { id: "wr.coding-tsk" })).toMatchObject({ ok: false, error: { kind: "unknown-workflow", fix: "Did you mean wr.coding-task?" } });
  expect(findWorkflow(inside, { path: file("bad.yaml", "id: x\n") })).toMatchObject({ ok: false, error: { kind: "invalid-workflow" } });
});

test("a workflow asked for by its id is the one that the whole library has, however its file writes the id", () => {
  const team = mkdtempSync(join(tmpdir(), "worktrain-team-"));
  const folder = join(team, ".worktrain/workflows");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "escaped.json"), JSON.stringify({ schemaVersion: 2, id: "ID", name: "Name", version: "1.0.0", description: "Text.", steps: [{ id: "only", title: "Only", prompt: "Do it" }] }).replace('"ID"', '"team.\\u0065scaped"'));
  writeFileSync(join(folder, "calls.yaml"), `${workflow("team.calls")}  - { id: look, title: Look, templateCall: { templateId: wr.templates.routine.nowhere } }\n`);
  const inside = { ...places, workspace: team };
  const { catalogue } = openLibrary(inside);
  expect([...catalogue.workflows.keys()]).toContain("team.escaped");
  for (const [id, entry] of catalogue.workflows) expect(findWorkflow(inside, { id })).toEqual({ ok: true, value: { ...entry, source: expect.any(String) } });
  // Which routines there are is told by the whole library too.
  const faulty = catalogue.faults.find(({ file: of }) => of.endsWith("calls.yaml"));
  expect(findWorkflow(inside, { id: "team.calls" })).toMatchObject({ ok: false, error: { message: expect.stringContaining(faulty?.message ?? "a fault"), fix: faulty?.fix } });
  rmSync(team, { recursive: true, force: true });
});

test("a file with faults is named when its workflow is asked for by id; what stands behind it is not taken in its place", () => {
  const team = mkdtempSync(join(tmpdir(), "worktrain-team-"));
  const broken = join(team, ".worktrain/workflows/own.yaml");
  mkdirSync(join(broken, ".."), { recursive: true });
  for (const id of ["team.broken", "wr.coding-task"]) {
    writeFileSync(broken, workflow(id).replace("prompt: Do it", "promt: Do it"));
    const found = findWorkflow({ ...places, workspace: team }, { id });
    expect(found).toMatchObject({ ok: false, error: { kind: "invalid-workflow", message: expect.stringContaining(`${broken} is no valid workflow: line 7`), fix: expect.any(String) } });
  }
  rmSync(team, { recursive: true, force: true });
});

test("a variant named by its path is found although a later variant has the id", () => {
  const variant = (name: string, version: string): string =>
    file(`variants/${name}`, JSON.stringify({ schemaVersion: 1, id: "variant-task", name: "Name", version, description: "Text.", steps: [{ id: "only", title: "Only", prompt: "Do it" }] }));
  const paths = [variant("variant-task.json", "1.0.0"), variant("variant-task.v2.json", "2.0.0")];
  for (const path of paths) expect(findWorkflow(places, { path })).toMatchObject({ ok: true, value: { file: path, plan: { id: "variant-task" } } });
});

test("slots are bound from .worktrain and from .workrail, slot by slot; of one that both bind .worktrain's counts", () => {
  const names = ["ours", "theirs", "both", "neither"];
  const points = names.map((slotId) => ({ slotId, purpose: "P", default: "wr.routine-ideation" }));
  const prompt = names.map((name) => `{{wr.bindings.${name}}}`).join(" ");
  const path = file("bound/flow.yaml", workflow("bound-flow", `extensionPoints: ${JSON.stringify(points)}\n`).replace("Do it", JSON.stringify(prompt)));
  file("bound/.worktrain/bindings.json", '{"ours": "wr.routine-design-review", "both": "wr.routine-design-review"}');
  file("bound/.workrail/bindings.json", '{"theirs": "wr.routine-plan-analysis", "bound-flow": {"both": "wr.routine-plan-analysis"}}');
  const found = findWorkflow({ ...places, workspace: join(directory, "bound") }, { path });
  expect(found).toMatchObject({ ok: true, value: { plan: { steps: [{ prompt: "wr.routine-design-review wr.routine-plan-analysis wr.routine-design-review wr.routine-ideation" }] } } });
});

test("a slot bound to a kind it does not take is an error; a workflow that is not at hand a warning", () => {
  const path = file("kinds/flow.yaml", workflow("kinds-flow", "extensionPoints: [{slotId: slot, purpose: P, default: wr.routine-ideation, acceptedKinds: [routine]}]\n"));
  const inside = { ...places, workspace: join(directory, "kinds") };
  expect(validatePaths([path], inside)).toMatchObject([{ ok: true, warnings: [] }]);
  const bindings = file("kinds/.worktrain/bindings.json", '{"slot": "wr.coding-task"}');
  expect(validatePaths([path], inside)).toMatchObject([{ ok: false, errors: [{ path: "extensionPoints[0].default", message: 'The slot "slot" takes a routine, but "wr.coding-task" is a workflow.' }] }]);
  writeFileSync(bindings, '{"slot": "wr.routine-idaetion"}');
  expect(validatePaths([path], inside)).toMatchObject([{ ok: true, warnings: [{ path: "extensionPoints[0].default", fix: expect.stringContaining('Did you mean "wr.routine-ideation"?') }] }]);
  const children = file("kinds/split.yaml", "schemaVersion: 2\nid: kinds-split\nname: Name\nversion: 1.0.0\ndescription: Text.\nsteps:\n  - id: split\n    title: Split\n    type: parallel\n    parallelDelegations: [{workflowId: kinds-flow}, {workflowId: team.nope}]\n");
  expect(validatePaths([children, path], inside)[0]).toMatchObject({ ok: true, warnings: [{ path: "steps[0].parallelDelegations[1].workflowId", message: expect.stringContaining("team.nope") }] });
});

test("a routine is found wherever its id stands in the file", () => {
  const routine = { schemaVersion: 2, name: "R", version: "1.0.0", description: "D", steps: [{ id: "look", title: "Look", prompt: "Look" }] };
  file("ids/first.json", JSON.stringify({ ...routine, id: "wr.routine-first" }));
  file("ids/second.yaml", "schemaVersion: 2\nreferences:\n  - title: T\n    id: ref-one\n    source: s\n    purpose: p\n    authoritative: true\nid: wr.routine-second\nname: R\nversion: 1.0.0\ndescription: D\nsteps:\n  - {id: look, title: Look, prompt: Look}\n");
  file("ids/caller.json", JSON.stringify({ ...routine, id: "ids-caller", steps: ["first", "second"].map((name) => ({ id: `call-${name}`, title: "Call", templateCall: { templateId: `wr.templates.routine.${name}` } })) }));
  expect(validatePaths([join(directory, "ids")], places).flatMap(({ errors }) => errors)).toEqual([]);
});

test("a reference that leads nowhere is a warning with its place", () => {
  const reference = (id: string, source: string, resolveFrom = "workspace"): object => ({ id, title: "T", source, purpose: "P", authoritative: true, resolveFrom });
  const references = [reference("there", "docs/rules.md#naming"), reference("gone", "docs/gone.md"), reference("beside", "notes.md", "package"), reference("not-beside", "rules.md", "package"), reference("address", "https://example.com/rules")];
  const path = file("refs/flows/flow.yaml", workflow("refs-flow", `references: ${JSON.stringify(references)}\n`));
  file("refs/docs/rules.md", "");
  file("refs/flows/notes.md", "");
  const [report] = validatePaths([path], { ...places, workspace: join(directory, "refs") });
  expect(report?.ok).toBe(true);
  expect(report?.warnings.map((warning) => warning.path)).toEqual(["references[1].source", "references[3].source"]);
});

test("a team's bindings that cannot be read are an error beside the files", () => {
  const path = file("bound/.worktrain/bindings.json", '{"slot": ');
  const good = file("bound/good.yaml", workflow("team.good"));
  expect(validatePaths([good], { ...places, workspace: join(directory, "bound") })).toMatchObject([{ path: good, ok: true }, { path, ok: false, errors: [{ line: 1 }] }]);
});

test("of the files beside one only those are read as workflows that it refers to, and what it delegates to is known", () => {
  const delegating = `schemaVersion: 2\nid: team.split\nname: Name\nversion: 1.0.0\ndescription: Text.\nsteps:\n  - {id: split, title: Split, type: parallel, parallelDelegations: [{workflowId: team.half}, {workflowId: wr.templates.routine.nearby}]}\n`;
  const split = file("crowd/split.yaml", delegating);
  const half = file("crowd/parts/half.yaml", workflow("team.half"));
  const nearby = file("crowd/nearby.json", JSON.stringify({ id: "routine-nearby", name: "Name", version: "1.0.0", description: "Text.", steps: [{ id: "only", title: "Only", prompt: "Do it" }] }));
  const lone = file("crowd/lone.yaml", workflow("team.lone"));
  file("crowd/other.yaml", workflow("team.other"));
  file("crowd/data.json", "[1, 2]");
  expect([referredBeside([lone]), referredBeside([split]).toSorted(), referredBeside([split, half])]).toEqual([[], [nearby, half].toSorted(), [nearby]]);
  expect(validatePaths([split], places)).toMatchObject([{ ok: true, id: "team.split", warnings: [] }]);
  expect(findWorkflow(places, { path: split })).toMatchObject({ ok: true, value: { warnings: [] } });
});

test("a file named alone may call a routine that lies beside it or below, as when it is started by path", () => {
  const caller = `schemaVersion: 2\nid: team.caller\nname: Name\nversion: 1.0.0\ndescription: Text.\nsteps:\n  - {id: call, title: Call, templateCall: {templateId: wr.templates.routine.beside-it}}\n`;
  const path = file("alone/caller.yaml", caller);
  expect(validatePaths([path], places)).toMatchObject([{ ok: false, errors: [{ path: expect.stringContaining("templateId") }] }]);
  file("alone/routines/beside.yaml", workflow("wr.routine-beside-it"));
  expect(validatePaths([path], places)).toMatchObject([{ path, ok: true, id: "team.caller" }]);
});
