/** Which environment does a job start in? */
import { expect, test } from "vitest";
import { readSettings } from "../../../src/hosts/runner/settings.ts";

const ENVIRONMENT = { GITHUB_REPOSITORY: "o/r", GITHUB_REPOSITORY_ID: "7", GITHUB_RUN_ID: "1", GITHUB_RUN_ATTEMPT: "1", GITHUB_WORKFLOW_REF: "o/r/.github/workflows/worktrain.yml@refs/heads/main", GITHUB_WORKSPACE: "/w", RUNNER_TEMP: "/t" };
const INPUTS: Readonly<Record<string, string>> = { job: "agent", key: "0123456789abcdef", item: "7/issue-1/1", ticket: "t", task: "t", "public-key": "k", "github-token": "g", "anthropic-api-key": "sk", sandbox: "bubblewrap" };

const read = (inputs: Readonly<Record<string, string>> = {}, environment: Readonly<Record<string, string>> = {}) => readSettings({ ...ENVIRONMENT, ...environment }, (name) => ({ ...INPUTS, ...inputs })[name] ?? "");

test("the agent job starts with a key", () => {
  expect(read()).toMatchObject({ ok: true, value: { anthropicApiKey: "sk" } });
});

test("attack 19: whose runner it is comes from the runner itself first, then from the operator's word", () => {
  const runner = (selfHosted: string, environment: string) => read({ "self-hosted": selfHosted }, { RUNNER_ENVIRONMENT: environment });
  expect(runner("ephemeral-with-root", "github-hosted")).toMatchObject({ value: { runner: "hosted" } });
  expect(runner("ephemeral", "self-hosted")).toMatchObject({ value: { runner: "ephemeral" } });
  expect(runner("", "self-hosted")).toMatchObject({ value: { runner: null } });
  expect(runner("yes", "self-hosted")).toMatchObject({ ok: false });
});

test.each(["ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_IDENTITY_TOKEN_FILE", "ACTIONS_ID_TOKEN_REQUEST_URL"])("keyless by %s is refused in the agent job, with the reason and the cure", (name) => {
  expect(read({ "anthropic-api-key": "" }, { [name]: "https://example.org" })).toMatchObject({
    ok: false,
    error: { message: expect.stringMatching(new RegExp(`Keyless is refused in the agent job \\(${name}\\): the project's set-up steps run in it`)), fix: expect.stringContaining("ANTHROPIC_API_KEY") },
  });
});

test("that there is no key is the run's end to tell, so that the App reads it; the deliver job needs none", () => {
  expect(read({ "anthropic-api-key": "" })).toMatchObject({ ok: true, value: { anthropicApiKey: "" } });
  expect(read({ job: "deliver", "anthropic-api-key": "" })).toMatchObject({ ok: true });
});
