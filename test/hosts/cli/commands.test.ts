/** The commands as a shell sees them: a session from start to end, the library, and every kind of no in one line. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { commands } from "../../../src/hosts/cli/commands/index.ts";
import { parseCall } from "../../../src/hosts/cli/parse-call.ts";
import { nodeProcesses } from "../../../src/shared/node-processes.ts";
import { startMcp } from "../../fakes/mcp-client.ts";
import { PROGRAM_ENVIRONMENT } from "../../fakes/program-environment.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const directory = mkdtempSync(join(tmpdir(), "worktrain-cli-"));
const workspace = join(directory, "workspace");
const data = join(directory, "data");
mkdirSync(join(workspace, ".worktrain/workflows"), { recursive: true });
afterAll(() => rmSync(directory, { recursive: true, force: true }));

writeFileSync(
  join(workspace, ".worktrain/workflows/flow.yaml"),
  `schemaVersion: 2
id: team.flow
name: Flow
version: 1.0.0
description: For tests.
category: testing
tags: [quick]
steps:
  - {id: skipped, title: Skipped, prompt: Never, runCondition: {var: risk, equals: high}}
  - {id: first, title: First, prompt: Do it, produces: {count: {type: integer}}}
  - {id: gated, title: Gated, prompt: Do more, requireConfirmation: {kind: human_approval}}
`,
);

writeFileSync(
  join(workspace, ".worktrain/workflows/itself.yaml"),
  "schemaVersion: 2\nid: wr.routine-itself\nname: Itself\nversion: 1.0.0\ndescription: For tests.\nsteps:\n  - {id: again, title: Again, templateCall: {templateId: wr.templates.routine.itself}}\n",
);

interface Said {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function worktrain(...args: readonly string[]): Promise<Said> {
  const done = await nodeProcesses.run(process.execPath, [join(ROOT, "src/hosts/cli/main.ts"), ...args], { cwd: workspace, env: { ...PROGRAM_ENVIRONMENT, HOME: directory, XDG_DATA_HOME: directory }, timeoutMs: 60_000 });
  return { exitCode: done.exitCode, stdout: new TextDecoder().decode(done.stdout), stderr: new TextDecoder().decode(done.stderr) };
}

const answerSchema = z.looseObject({ sessionId: z.string(), status: z.string(), continueToken: z.string().optional() });
async function session(...args: readonly string[]): Promise<z.infer<typeof answerSchema>> {
  const said = await worktrain("session", ...args, "--data", data, "--json");
  expect(said.stderr).toBe("");
  return answerSchema.parse(JSON.parse(said.stdout));
}

test("a session from a shell: started, handed over, rejected, rewound, approved, and told with its reasons", async () => {
  const begun = await session("start", "team.flow", "--goal", "Mend the total", "--context", '{"risk": "low"}');
  expect(begun).toMatchObject({ status: "step", step: { id: "first" }, requires: [{ kind: "notes" }, { kind: "context", ref: "count" }] });
  const id = begun.sessionId;
  const token = begun.continueToken ?? "";
  const second = await session("submit", token, "--notes", "Done.", "--context", '{"count": 3}');
  expect(second).toMatchObject({ status: "step", step: { id: "gated" } });
  expect(await session("submit", token, "--notes", "Other.", "--context", '{"count": 4}')).toEqual(second);
  expect(await session("submit", id, "--notes", "More.")).toMatchObject({ status: "gate" });
  expect(await session("reject", id, "--reason", "The total is wrong.", "--by", "ada")).toMatchObject({ status: "blocked" });
  expect(await session("checkpoint", id, "--note", "before the second try")).toMatchObject({ status: "blocked", checkpoint: { id: "c1", nodeId: "n2" } });
  expect(await session("rewind", id, "--to", "c1")).toMatchObject({ status: "step", step: { id: "gated" } });
  expect(await session("rewind", id, "--to", "n1")).toMatchObject({ status: "step", step: { id: "first" } });
  expect(await session("submit", id, "--notes", "Again.", "--context", '{"count": 5}')).toMatchObject({ status: "step", step: { id: "gated" } });

  expect(await session("rewind", token)).toMatchObject({ status: "step", step: { id: "first" } });
  expect(await session("submit", id, "--notes", "Once more.", "--context", '{"count": 6}')).toMatchObject({ status: "step", step: { id: "gated" } });
  const bold = await session("start", "team.flow", "--goal", "x", "--autonomy", "full_auto_never_stop", "--risk", "aggressive");
  expect(bold).toMatchObject({ preferences: { autonomy: "full_auto_never_stop", riskPolicy: "aggressive" } });
  expect((await worktrain("session", "show", bold.sessionId, "--data", data)).stdout).toContain("(full_auto_never_stop, aggressive risk policy)");

  // The MCP server goes on with what the shell left.
  const server = await startMcp({ data, cwd: workspace });
  const next = await server.session("resume_session", { sessionId: id });
  expect(await server.session("continue_workflow", { continueToken: next.continueToken ?? "", output: { notesMarkdown: "Over MCP." } })).toMatchObject({ status: "gate" });
  await server.close();
  expect(await session("approve", id, "--reason", "Good.")).toMatchObject({ status: "complete", outcome: "completed" });

  const shown = await worktrain("session", "show", id, "--data", data);
  for (const words of ["team.flow 1.0.0", "completed", "skipped skipped because", '"risk":"low"', "rejected by ada: The total is wrong.", "rewound to n1", "before the second try"]) expect(shown.stdout).toContain(words);
  const { sessions } = z.object({ sessions: z.array(z.looseObject({ outcome: z.string(), timeline: z.array(z.looseObject({ kind: z.string() })) })) }).parse(JSON.parse((await worktrain("session", "show", id, "--data", data, "--json")).stdout));
  expect(sessions).toMatchObject([{ outcome: "completed" }]);
});

describe("the library", () => {
  test("workflows, inspect and preview find the team's workflow from inside its repository", async () => {
    const [listed, other, inspected, drawn, graph] = await Promise.all([
      worktrain("workflows", "--tag", "quick", "--json"),
      worktrain("workflows", "--category", "coding"),
      worktrain("inspect", "team.flow"),
      worktrain("preview", "team.flow"),
      worktrain("preview", ".worktrain/workflows/flow.yaml", "--format", "json"),
    ]);
    expect(JSON.parse(listed.stdout)).toMatchObject({ workflows: [{ id: "team.flow", source: "team", category: "testing", tags: ["quick"] }] });
    expect(other.stdout).toMatch(/^wr\.coding-task .*bundled/);
    expect(inspected.stdout).toContain("- skipped (step): Skipped [if risk = \"high\"]");
    expect(drawn.stdout).toMatch(/^flowchart TD\n/);
    expect(JSON.parse(graph.stdout)).toMatchObject({ nodes: expect.arrayContaining([expect.objectContaining({ id: "first", kind: "step" })]) });
  });

  test("validate: exit code 0 or 1, and the promised JSON", async () => {
    writeFileSync(join(directory, "bad.yaml"), "id: bad-one\nname: Bad\nsteps: []\n");
    const [good, bad] = await Promise.all([worktrain("validate", ".worktrain/workflows/flow.yaml", "--json"), worktrain("validate", join(directory, "bad.yaml"), "--json")]);
    expect({ exitCode: good.exitCode, files: JSON.parse(good.stdout).files }).toMatchObject({ exitCode: 0, files: [{ path: ".worktrain/workflows/flow.yaml", ok: true, id: "team.flow", errors: [], warnings: [] }] });
    expect({ exitCode: bad.exitCode, files: JSON.parse(bad.stdout).files }).toMatchObject({ exitCode: 1, files: [{ ok: false, errors: expect.arrayContaining([expect.objectContaining({ path: "steps", line: 3 })]) }] });
  });
});

test("help lists every command, and each command's options", async () => {
  const [all, one] = await Promise.all([worktrain("--help"), worktrain("session", "submit", "--help")]);
  for (const name of ["run", "validate", "lint", "workflows", "inspect", "preview", "session start", "session next", "session submit", "session approve", "session reject", "session rewind", "session checkpoint", "session show", "verify", "replay", "export", "import", "stats", "cleanup", "doctor", "mcp"]) expect(all.stdout).toContain(`  ${name} `);
  expect(one.stdout).toMatch(/^Usage: worktrain session submit SESSION\|TOKEN \[--notes/);
});

test("without a command the commands are listed, with exit code 1 because nothing was done; asked for, with 0", async () => {
  const [none, group, asked, version] = await Promise.all([worktrain(), worktrain("session"), worktrain("session", "--help"), worktrain("--version")]);
  expect([none.exitCode, group.exitCode, asked.exitCode]).toEqual([1, 1, 0]);
  expect(none.stdout).toContain("  validate ");
  expect(group.stdout).toContain("  session rewind ");
  expect(group.stdout).not.toContain("  validate ");
  expect(asked.stdout).toBe(group.stdout);
  expect(version).toEqual({ exitCode: 0, stderr: "", stdout: `${z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))).version}\n` });
});

test("an answer in a shell says how a shell goes on, with the data directory it was given", async () => {
  const place = join(directory, "words");
  const spoken = async (...args: readonly string[]): Promise<string> => (await worktrain("session", ...args, "--data", place)).stdout;
  const begun = await spoken("start", "team.flow", "--goal", "Mend the total");
  const id = /(?<=session submit )[a-z0-9-]+/.exec(begun)?.[0] ?? expect.fail(begun);
  expect(begun).toContain(`\`worktrain session submit ${id} --notes "..." --data ${place}\``);
  expect(await spoken("checkpoint", id)).toContain(`Checkpoint c1 was made. To come back here: \`worktrain session rewind ${id} --to c1 --data ${place}\`.`);
  await spoken("submit", id, "--notes", "Done.", "--context", '{"count": 1}');
  const gate = await spoken("submit", id, "--notes", "Done.");
  expect(gate).toContain(`\`worktrain session approve ${id} --reason "..." --data ${place}\``);
  expect(begun + gate).not.toMatch(/continue_workflow|gate \{verdict/);
});

test.each<readonly [string, readonly string[], string]>([
  ["an unknown command", ["validat", "x"], "Did you mean `worktrain validate`?"],
  ["an unknown command of a group", ["session", "sumbit", "x"], "Did you mean `worktrain session submit`?"],
  ["an unknown option", ["validate", "--jso", "x"], "Did you mean --json?"],
  ["an option without its value", ["session", "start", "team.flow", "--goal"], "--goal needs a value."],
  ["no goal", ["session", "start", "team.flow"], "needs --goal"],
  ["an unknown workflow", ["session", "start", "team.flwo", "--goal", "x"], "Did you mean team.flow?"],
  ["a routine that calls itself", ["session", "start", "wr.routine-itself", "--goal", "x"], "calls itself: itself -> itself"],
  ["an unknown session", ["session", "next", "nope"], "There is no session"],
  ["a foreign token", ["session", "next", "wtc.abc-01234567.n1.2.aaaaaaaaaaaaaaaaaaaaaa"], "was not handed out from this data directory"],
  ["an unknown autonomy", ["session", "start", "team.flow", "--goal", "x", "--autonomy", "full"], "Use one of: guided, full_auto_stop_on_user_deps, full_auto_never_stop."],
  ["an unknown risk policy", ["session", "start", "team.flow", "--goal", "x", "--risk", "bold"], "Use one of: conservative, balanced, aggressive."],
  ["context that is no JSON", ["session", "start", "team.flow", "--goal", "x", "--context", "{"], "--context is not JSON."],
  ["__proto__ in the context", ["session", "start", "team.flow", "--goal", "x", "--context", '{"__proto__": 1}'], "__proto__"],
  ["rewinding a session to nowhere", ["session", "rewind", "nope"], "needs --to"],
  ["a missing file", ["session", "start", "team.flow", "--goal", "x", "--context", "@/no/such"], "cannot be read (ENOENT)"],
  ["a journal that is not there", ["session", "show", "nope"], "There is no session, item or journal"],
  ["no path", ["validate"], "needs a path"],
  ["a log that is not there", ["verify", "nope"], "There is no session, item or journal"],
  ["an export to nowhere", ["export", "nope", "-o"], "-o needs a value. Write -o FILE."],
  ["a clean-up of everything", ["cleanup", "--yes"], "needs --older-than or --larger-than"],
  ["a workspace that is not there", ["session", "start", "team.flow", "--goal", "x", "--workspace", "/no/such"], "The workspace /no/such is no directory."],
  ["data in a file", ["session", "start", "team.flow", "--goal", "x", "--data", join(workspace, ".worktrain/workflows/flow.yaml")], "flow.yaml is no directory."],
  ["data below a file", ["session", "next", "x", "--data", join(workspace, ".worktrain/workflows/flow.yaml/below")], "flow.yaml is no directory."],
  ["data where the system keeps its own", ["session", "start", "team.flow", "--goal", "x", "--data", "/proc/nope"], "Data cannot be kept in /proc/nope"],
  ["data of a run there", ["run", "--goal", "x", "--workspace", ".", "--dry-run", "--data", "/dev/nope/more"], "Data cannot be kept in /dev/nope/more"],
  ["data of a server there", ["mcp", "--data", "/sys/nope"], "Data cannot be kept in /sys/nope"],
])("%s is one readable line", async (_, args, words) => {
  const plain = await worktrain(...args);
  expect(plain).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringMatching(/^worktrain: [^\n]+\n$/) });
  expect(plain.stderr).toContain(words);
});

test("with --json a refusal is {error: {message, fix}} on standard output", async () => {
  const { exitCode, stdout, stderr } = await worktrain("session", "next", "nope", "--json");
  expect({ exitCode, stderr, said: JSON.parse(stdout) }).toEqual({ exitCode: 1, stderr: "", said: { error: { message: expect.stringMatching(/nope/), fix: expect.stringMatching(/\w/) } } });
});

test("what does not fit a session is one line, and the session goes on", async () => {
  const begun = await session("start", "team.flow", "--goal", "Mend the total");
  const [id, token] = [begun.sessionId, begun.continueToken ?? ""];
  const refused = async (...args: readonly string[]): Promise<string> => {
    const said = await worktrain("session", ...args, "--data", data);
    expect(said).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringMatching(/^worktrain: [^\n]+\n$/) });
    return said.stderr;
  };
  const done = ["--notes", "Done.", "--context", '{"count": 1}'];
  expect(await refused("submit", `${token}x`, ...done)).toContain("cut off or altered");
  expect(await refused("submit", token.replace("wtc.", "wtk."), ...done)).toContain("was not handed out from this data directory");
  expect(await refused("submit", id, "--notes", "x".repeat(40_000))).toContain("40000 bytes; the limit is 32768");
  expect(await refused("submit", id, "--notes", "x", "--artifact", "constructor={}")).toContain('There is no contract "constructor"');
  expect(await refused("submit", id, "--notes", "x", "--context", '{"a": [{"__proto__": 1}]}')).toContain("__proto__");
  expect(await refused("submit", id, "--output", '{"notesMarkdown": 7}')).toContain("notesMarkdown");
  expect(await refused("approve", id, "--reason", "x")).toContain("not at a gate");
  expect(await refused("rewind", id, "--to", "constructor")).toContain('no node "constructor"');
  const flow = join(workspace, ".worktrain/workflows/flow.yaml");
  const text = readFileSync(flow, "utf8");
  writeFileSync(flow, "id: team.flow\nbroken: [");
  expect(await refused("start", "team.flow", "--goal", "x")).toContain(`${flow} is no valid workflow`);
  const second = await session("submit", token, ...done);
  writeFileSync(flow, text);
  expect(second).toMatchObject({ status: "step", step: { id: "gated" } });
  expect(await session("submit", token, "--notes", "Again.")).toEqual(second);
  expect(await session("submit", id, "--notes", "x")).toMatchObject({ status: "gate" });
  expect(await refused("submit", id, "--notes", "x")).toContain("waits for an answer");
  expect(await session("approve", id, "--reason", "Good.")).toMatchObject({ status: "complete" });
  expect(await refused("submit", id, "--notes", "x")).toContain("The session is over");
});

test("a word too many is refused by every command that takes a number of them, never passed over", async () => {
  expect(commands.length).toBeGreaterThan(25);
  for (const command of commands) {
    const words = command.operands.split(" ").filter((word) => word !== "");
    const parse = () => parseCall(command, [...words, "surplus"]);
    if (command.operands.includes("...")) expect(parse().positionals).toContain("surplus");
    else expect(parse, command.name).toThrow(`\`worktrain ${command.name}\` does not take "surplus".`);
    expect(parseCall(command, words).positionals).toEqual(words);
  }
});
