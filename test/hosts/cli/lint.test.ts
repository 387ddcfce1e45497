/** `worktrain lint` as it is called: what it looks at, what it prints, and when the exit code is 1. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { shell } from "./in-process.ts";

const directory = mkdtempSync(join(tmpdir(), "worktrain-lint-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const cli = shell({ data: directory });

const workflow = (id: string, steps: string): string => `schemaVersion: 2\nid: ${id}\nname: Name\nversion: 1.0.0\ndescription: Text.\nabout: For a test.\nexamples: [Do it for the test]\ncategory: test\ntags: [test]\nsteps:\n${steps}`;
const file = (name: string, text: string): string => {
  const path = join(directory, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
};

test("a warning is told with place, cure and rule, and leaves the exit code 0", async () => {
  const path = file("warned/one.yaml", workflow("team.one", "  - { id: only, title: Only, prompt: Do it }\n"));
  const ran = await cli.run("lint", path, "--json");
  expect(ran).toMatchObject({ exitCode: 0, data: { files: [{ path, ok: true, id: "team.one", errors: [], warnings: [{ code: "step-without-end", severity: "warning", line: 11, column: 5, path: "steps[0]", message: 'Nothing tells when "only" is done.', fix: expect.stringContaining("verify") }] }] } });
  expect(ran.text).toContain(`${path}:11:5: warning: Nothing tells when "only" is done.`);
  expect(ran.text).toContain("[step-without-end]\n1 files, 0 errors, 1 warnings.");
});

test("an error of a rule makes the exit code 1, and so does a file that cannot be run", async () => {
  const never = file("errors/never.yaml", workflow("team.never", "  - { id: only, title: Only, promptBlocks: { goal: Do it, verify: [Done.] }, runCondition: { var: nothing } }\n"));
  const broken = file("errors/broken.yaml", workflow("team.broken", "  - { id: only, title: Only, promt: Do it }\n"));
  const ran = await cli.run("lint", join(directory, "errors"), "--json");
  expect(ran.exitCode).toBe(1);
  expect(ran.data.files).toMatchObject([
    { path: broken, ok: false, id: null, errors: expect.arrayContaining([expect.objectContaining({ code: "validate", severity: "error" })]), warnings: [] },
    { path: never, ok: false, id: "team.never", errors: [{ code: "unreachable-step", severity: "error", path: "steps[0].runCondition" }], warnings: [] },
  ]);
});

test("without a path it looks at the shipped workflows, the team's and those of extra folders", async () => {
  const team = file(".worktrain/workflows/team.yaml", workflow("team.own", "  - { id: only, title: Only, prompt: Do it }\n"));
  const extra = file("extra/extra.yaml", workflow("team.extra", "  - { id: only, title: Only, prompt: Do it }\n"));
  const ran = await cli.run("lint", "--source", join(directory, "extra"), "--json");
  expect(ran.exitCode).toBe(0);
  const files: readonly { readonly path: string; readonly id: string; readonly warnings: readonly unknown[] }[] = ran.data.files;
  expect(files.filter(({ warnings }) => warnings.length > 0).map(({ path }) => path)).toEqual([extra, team]);
  expect(files.map(({ id }) => id)).toContain("wr.coding-task");
});

test("a value that only a workflow of another file passes is known when both are looked at", async () => {
  const childFile = file("pair/child.yaml", workflow("team.child", "  - { id: only, title: Only, promptBlocks: { goal: 'Look at {{part}}.', verify: [Seen.] }, outputContract: { contractRef: wr.contracts.coordinator_result } }\n"));
  expect((await cli.run("lint", childFile)).text).toContain("[undeclared-value]");
  file("pair/parent.yaml", workflow("team.parent", "  - { id: ask, type: parallel, title: Ask, notesOptional: true, parallelDelegations: [{ workflowId: team.child, goal: 'Find out who calls this part and what each caller expects of it; bring back path and line.', args: { part: src } }] }\n"));
  expect((await cli.run("lint", join(directory, "pair"))).text).toBe("2 files, 0 errors, 0 warnings.");
});

test("a loop that cannot end, a step that is always jumped over and a call that leaves no tool are errors that say where", async () => {
  const step = (id: string, more: string): string => `  - { id: ${id}, title: Step, promptBlocks: { goal: Do ${id}., verify: [Seen ${id}.] }${more} }\n`;
  file("ways/bound.yaml", `schemaVersion: 2\nid: team.routine-bound\nname: Bound\nversion: 1.0.0\ndescription: Text.\nsteps:\n${step("run", ", allowedTools: [bash]")}`);
  const path = file("ways/ways.yaml", workflow("team.ways", `${step("one", ", produces: { way: { enum: [left, right] }, open: { type: boolean } }, jumpIf: { condition: { var: way, in: [left, right] }, target: again }")}${step("two", "")}  - id: again\n    type: loop\n    title: Again\n    loop: { type: while, maxIterations: 3, condition: { var: open } }\n    body:\n    ${step("three", ", produces: { open: { const: true } }").trim()}\n  - { id: call, title: Call, allowedTools: [read], templateCall: { templateId: wr.templates.routine.bound } }\n`));
  const ran = await cli.run("lint", path, "--json");
  expect(ran.exitCode).toBe(1);
  expect(ran.data.files).toMatchObject([
    {
      errors: [
        { code: "unreachable-step", line: 12, path: "steps[1]", message: 'The step "two" is never come to: the `jumpIf` of "one" always leads past it.' },
        { code: "loop-without-exit", line: 16, path: "steps[2].loop", message: 'The loop "again" runs to its limit: what its body sets, "open" (true), never makes its condition fail.' },
        { code: "no-tool-left", line: 19, path: "steps[3]", message: '"call.run" may use no tool: the call of the routine bound allows none of those that it allows itself.', fix: expect.stringContaining("can only narrow") },
      ],
    },
  ]);
});
