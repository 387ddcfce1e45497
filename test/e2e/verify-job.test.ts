/** The job `verify` as the shipped workflow file plays it between agent and deliver, with the repository's own commands in the real sandbox. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { availableSandbox } from "../../src/hosts/demo/available-sandbox.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { scenarioByIssue } from "../fakes/scripts.ts";
import { shell } from "../hosts/cli/in-process.ts";

const GREEN = "Durations are wrong";
const RED = "A duration is wrong again";

/** What a command tries that wants its job green: the files that carry outputs, the token of the runner, everything outside the workspace. */
const FORGER = `
for each in "$GITHUB_OUTPUT" $(tr '\\0' '\\n' 2>/dev/null < /proc/1/environ | sed -n 's/^GITHUB_OUTPUT=//p') $(find / -xdev -path '*file_commands*' -type f 2>/dev/null); do
  [ -n "$each" ] && echo 'verified={}' >> "$each" && echo "forged $each"
done
env | grep -q '^ACTIONS_\\|^GITHUB_\\|^INPUT_' && echo "saw the runner's variables"
echo "verified={}"
exit 7
`;

let world: DemoWorld;
beforeAll(async () => {
  world = await startDemoWorld(scenarioByIssue({ [GREEN]: {}, [RED]: {} }), { variables: { WORKTRAIN_VERIFY: "true" } });
  await world.commit({ ".github/worktrain.yml": "commands: { test: npm test }\nverify: { required: true, commands: [node --check src/format.js] }\n", "ci/forge.sh": FORGER });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const jobsOf = (issueNumber: number) => {
  const runId = world.runs(issueNumber)[0]?.id ?? 0;
  return { runId, jobs: [...world.github.state().jobs.values()].filter((job) => job.runId === runId) };
};

test("a green change: tested on a runner of its own without a secret, and published on that proof, which `worktrain verify` makes again", async () => {
  const issueNumber = await world.play({ title: GREEN });
  const { runId, jobs } = jobsOf(issueNumber);
  expect(jobs.map(({ name, conclusion }) => [name, conclusion])).toEqual([["agent", "success"], ["verify", "success"], ["deliver", "success"]]);
  const verify = jobs.find(({ name }) => name === "verify");
  expect(world.log(runId, "verify")).toMatch(/npm test: exit code 0[^]*node --check src\/format\.js: exit code 0/);
  // Nothing is asked of the API: the change comes by the job's own artifacts.
  expect(world.github.requests.filter(({ jobId, kind }) => jobId === verify?.id && kind !== "git")).toEqual([]);
  expect(world.log(runId, "verify")).not.toContain(world.secrets.modelKey);

  const pull = [...world.github.state().issues.values()].find((issue) => issue.pull !== null);
  const weak = (await availableSandbox()) === "weak";
  expect(pull?.body).toMatch(weak ? /⚠️ \| The job `verify` passed/ : /✅ \| The job `verify` passed on these files \| success: `npm test` in [\d.]+ s, `node --check src\/format\.js`/);
  const { owner, name } = world.repository;
  const cli = shell({ data: "/nonexistent", environment: { github: { apiUrl: world.github.url, token: world.maintainerToken } } });
  const told = await cli.run("verify", `${owner}/${name}#${pull?.number}`);
  expect(told.data.attested.filter(({ ok }: { readonly ok: boolean }) => !ok)).toEqual([]);
  expect(told).toMatchObject({ exitCode: 0, data: { ok: true, proof: { verified: { conclusion: "success" } } } });
});

test("attack 17: a red command that forges what it can: the job is red, nothing is published, and the issue says why", async () => {
  await world.commit({ ".github/worktrain.yml": "commands: { test: npm test }\nverify: { required: true, commands: [sh ci/forge.sh] }\n" });
  const issueNumber = await world.play({ title: RED });
  const { runId, jobs } = jobsOf(issueNumber);
  expect(jobs.map(({ name, conclusion }) => [name, conclusion])).toEqual([["agent", "success"], ["verify", "failure"], ["deliver", "failure"]]);
  const log = world.log(runId, "verify");
  expect(log).toContain("sh ci/forge.sh: exit code 7");
  expect(log).not.toMatch(/forged \/|saw the runner's variables/);
  expect(world.log(runId, "deliver")).toContain("(not-verified)");
  const said = world.comments(issueNumber).map(({ body }) => body).join("\n");
  expect(said).toContain("is red: GitHub says failure");
  expect(said).toContain("exit code 7");
  expect([...world.github.state().issues.values()].filter((issue) => issue.pull !== null)).toHaveLength(1);
});
