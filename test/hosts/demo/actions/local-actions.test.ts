import { afterEach, describe, expect, test } from "vitest";
import { isAlive } from "../../../../src/hosts/demo/actions/process-tree.ts";
import { openWorld, oneJob, PINNED, workflow, type World, type WorldOptions } from "./world.ts";

let world: World | undefined;
const open = async (options?: WorldOptions): Promise<World> => (world = await openWorld(options));
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const PROBE = `acme/tools/probe@${PINNED}`;
const value = (lines: readonly string[], name: string): Record<string, unknown> =>
  JSON.parse(lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? "null") as Record<string, unknown>;

describe("what a step finds", () => {
  test("only the variables such a job has on GitHub, none of the parent's", async () => {
    process.env["PARENT_SECRET"] = "leak";
    const { play, log, headSha, port, actions } = await open({ extraEnvironment: { ANTHROPIC_BASE_URL: "http://127.0.0.1:2" } });
    const id = await play(oneJob(`- uses: ${PROBE}\n  with: { word: hello, dashed-name: 5 }\n- run: env -0 | tr '\\0\\n' '\\n ' | cut -d= -f1 | sort | paste -sd, | sed 's/^/names=/'`));
    delete process.env["PARENT_SECRET"];
    expect(port.runs.get(id)?.conclusion).toBe("success");
    const environment = value(log("only"), "environment");
    expect(environment).toMatchObject({
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_ACTION: "__acme_tools_probe",
      GITHUB_ACTION_REPOSITORY: "acme/tools",
      GITHUB_ACTION_REF: PINNED,
      GITHUB_ACTOR: "worktrain[bot]",
      GITHUB_API_URL: "http://127.0.0.1:1/api/v3",
      GITHUB_GRAPHQL_URL: "http://127.0.0.1:1/api/v3/graphql",
      GITHUB_EVENT_NAME: "workflow_dispatch",
      GITHUB_JOB: "only",
      GITHUB_REF: "refs/heads/main",
      GITHUB_REPOSITORY: "acme/shop",
      GITHUB_REPOSITORY_ID: "42",
      GITHUB_RUN_ID: String(id),
      GITHUB_RUN_ATTEMPT: "1",
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_SHA: headSha,
      GITHUB_WORKFLOW_REF: "acme/shop/.github/workflows/test.yml@refs/heads/main",
      RUNNER_ENVIRONMENT: "self-hosted",
      INPUT_WORD: "hello",
      INPUT_TWO_WORDS: "from acme/shop",
      "INPUT_DASHED-NAME": "5",
      ANTHROPIC_BASE_URL: "http://127.0.0.1:2",
    });
    expect(environment["ACTIONS_RESULTS_URL"]).toBe(`${actions.resultsUrl}/`);
    for (const absent of ["PARENT_SECRET", "GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "USER", "VITEST"]) expect(environment).not.toHaveProperty(absent);
    expect(value(log("only"), "event")).toMatchObject({ ref: "refs/heads/main", repository: { id: 42, full_name: "acme/shop" }, sender: { login: "worktrain[bot]" } });
    const scriptNames = log("only").find((line) => line.startsWith("names="));
    expect(scriptNames).not.toMatch(/ACTIONS_|INPUT_|STATE_|PARENT/);
    expect(scriptNames).toContain("GITHUB_WORKSPACE");
  });

  test("each job a disk of its own, each step what the steps before it left", async () => {
    const { play, log } = await open();
    await play(
      workflow(`
  one:
    runs-on: ubuntu-latest
    steps:
      - run: touch here "$HOME/there" "$RUNNER_TEMP/temp"; echo "LEFT=yes" >> "$GITHUB_ENV"; echo /opt/new >> "$GITHUB_PATH"
      - run: ls . "$HOME"; echo "$LEFT \${PATH%%:*}"
  two:
    runs-on: ubuntu-latest
    needs: one
    steps:
      - run: ls -A . "$HOME" "$RUNNER_TEMP"; echo "left=$LEFT"
`),
    );
    expect(log("one").join("\n")).toMatch(/here[^]*there[^]*yes \/opt\/new/);
    expect(log("two").join("\n")).not.toMatch(/here|there|yes/);
  });

  test("the run's commit, with no credential left behind", async () => {
    const { play, log, headSha, port } = await open();
    const id = await play(
      oneJob(`
- uses: actions/checkout@${PINNED}
  with: { persist-credentials: false, fetch-depth: 0 }
- run: git rev-parse HEAD; git rev-list --count HEAD; cat file.txt; git remote get-url origin --all; git config --list --local; git status --porcelain`),
    );
    expect(log("only").join("\n")).toContain("two");
    expect(port.runs.get(id)?.conclusion).toBe("success");
    const lines = log("only");
    expect(lines).toContain(headSha);
    expect(lines).toContain("2");
    expect(lines).toContain("https://github.com/acme/shop");
    expect(lines.join("\n")).not.toMatch(/extraheader/i);
  });

  test("checkout keeps a credential only when asked, and one commit by default", async () => {
    const { play, log } = await open();
    await play(oneJob(`- uses: actions/checkout@${PINNED}\n- run: git rev-list --count HEAD; git config --list --local`));
    expect(log("only")).toContain("1");
    expect(log("only").join("\n")).toMatch(/extraheader=AUTHORIZATION: basic \*\*\*/);
  });
});

describe("what happens between steps and jobs", () => {
  test("outputs go from step to job to job, needs and if are obeyed", async () => {
    const { play, log, port } = await open();
    const id = await play(
      workflow(`
  first:
    runs-on: ubuntu-latest
    permissions: { contents: read }
    outputs: { said: "\${{ steps.probe.outputs.said }}", plain: "\${{ steps.probe.outputs.plain }}" }
    steps:
      - { id: probe, uses: "${PROBE}", with: { word: "\${{ inputs.word }}" } }
  second:
    runs-on: ubuntu-latest
    needs: [first]
    if: \${{ always() && needs.first.outputs.said != '' }}
    environment: { name: production, deployment: false }
    steps:
      - run: echo "$SAID"
        env: { SAID: "\${{ needs.first.result }} \${{ needs.first.outputs.said }} \${{ needs.first.outputs.plain }}" }
      - run: echo never
        if: failure()
  third:
    runs-on: ubuntu-latest
    needs: second
    if: needs.first.outputs.said == 'x'
    steps:
      - run: echo never
`),
      { word: "hi" },
    );
    expect(log("second")).toEqual(expect.arrayContaining(["success hi", "and more a=b"]));
    expect(log("second")).not.toContain("never");
    expect(port.jobs.map(({ name, conclusion, permissions, environment }) => ({ name, conclusion, permissions, environment }))).toEqual([
      { name: "first", conclusion: "success", permissions: { contents: "read" }, environment: undefined },
      { name: "second", conclusion: "success", permissions: {}, environment: "production" },
      { name: "third", conclusion: "skipped", permissions: {}, environment: undefined },
    ]);
    expect(port.runs.get(id)?.conclusion).toBe("success");
  });

  test("a failing step fails its job, skips what follows, and post steps still run in reverse order", async () => {
    const { play, log, port, events } = await open();
    const id = await play(
      workflow(`
  bad:
    runs-on: ubuntu-latest
    steps:
      - { uses: "${PROBE}", with: { word: first } }
      - { uses: "${PROBE}", with: { word: second } }
      - run: false | true
      - run: echo never
      - run: echo cleanup
        if: failure()
  after:
    runs-on: ubuntu-latest
    needs: bad
    steps:
      - run: echo never
`),
    );
    expect(port.runs.get(id)?.conclusion).toBe("failure");
    expect(port.jobs.map((job) => job.conclusion)).toEqual(["failure", "skipped"]);
    const lines = log("bad").filter((line) => !line.startsWith("environment=") && !line.startsWith("event="));
    expect(lines).toEqual(["Process completed with exit code 1.", "cleanup", "post of second: for post", "post of first: for post", "Complete job"]);
    expect(events).toContainEqual(expect.objectContaining({ kind: "step-finished", step: `Run ${PROBE}`, conclusion: "success", summary: "# second\n" }));
  });

  test("an output that holds a secret does not leave the job, and no log shows one", async () => {
    const { play, log, port } = await open({ secrets: { "production/KEY": "s3cret-value" } });
    await play(
      workflow(`
  first:
    runs-on: ubuntu-latest
    environment: production
    outputs: { key: "\${{ steps.a.outputs.key }}", made: "\${{ steps.a.outputs.made }}", fine: fine }
    steps:
      - id: a
        env: { KEY: "\${{ secrets.KEY }}", NONE: "\${{ secrets.NONE }}" }
        run: |
          echo "key is $KEY, $(printf %s "$KEY" | base64), none is [$NONE]"
          echo "::add-mask::made-up"; echo "made-up"
          echo "::stop-commands::xyz"; echo "::add-mask::plain"; echo "::xyz::"; echo "plain"
          echo "::error file=a.js,line=3::it broke%0Aon two lines"
          echo "key=$KEY" >> "$GITHUB_OUTPUT"; echo "made=made-up" >> "$GITHUB_OUTPUT"
  second:
    runs-on: ubuntu-latest
    needs: first
    steps:
      - run: echo "[\${{ needs.first.outputs.key }}] [\${{ needs.first.outputs.made }}] [\${{ needs.first.outputs.fine }}]"
      - run: echo "[\${{ secrets.KEY }}]"
`),
    );
    expect(log("first")).toEqual(expect.arrayContaining(["key is ***, ***, none is []", "***", "plain", "it broke\non two lines"]));
    expect(log("second")).toEqual(["[] [] [fine]", "[]", "Complete job"]);
    expect(JSON.stringify(log("first"))).not.toMatch(/s3cret-value|made-up/);
    expect(port.jobs.map((job) => job.conclusion)).toEqual(["success", "success"]);
  });
});

describe("refused, not guessed", () => {
  test.each([
    ["an action without a directory", `- uses: acme/unknown@${PINNED}`, /acme\/unknown cannot be resolved/],
    ["an action with a pre step", `- uses: acme/tools/broken@${PINNED}`, /pre/],
    ["an old workflow command", `- run: 'echo "::set-output name=a::b"'`, /set-output/],
    ["an output that cannot be read", `- run: echo nonsense >> "$GITHUB_OUTPUT"`, /neither name=value/],
    ["a variable reserved for the runner", `- run: echo GITHUB_SHA=x >> "$GITHUB_ENV"`, /may not set GITHUB_SHA/],
    ["a secret in a condition", `- run: echo hi\n  if: secrets.KEY != ''`, /`secrets` is not available/],
  ])("%s fails the job with its reason", async (_name, steps, reason) => {
    const { play, log, port } = await open();
    const id = await play(oneJob(steps));
    expect(port.runs.get(id)?.conclusion).toBe("failure");
    expect(log("only").join("\n")).toMatch(reason);
  });

  test("a workflow file with an unknown key never starts and says where", async () => {
    const { play, events, port } = await open();
    const id = await play(oneJob("- run: echo hi", "strategy: { matrix: { a: [1] } }"));
    expect(port.runs.get(id)?.conclusion).toBe("startup_failure");
    expect(events).toContainEqual(expect.objectContaining({ kind: "run-finished", problem: expect.stringContaining(".github/workflows/test.yml:7: jobs.only.strategy: this key is not known") }));
  });

  test("an extra variable may not pose as one of GitHub's", async () => {
    await expect(openWorld({ extraEnvironment: { GITHUB_TOKEN: "x" } })).rejects.toThrow(/GITHUB_TOKEN/);
  });
});

describe("runs in order", () => {
  const GROUPED = workflow(`  only:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo\n`, 'concurrency: { group: "item-${{ inputs.word }}", queue: max }\nrun-name: Item ${{ inputs.word }}\n');

  test("fault 34: one at a time in a group, in the order they came, and with queue: max none is lost", async () => {
    const { dispatch, actions, events, port } = await open();
    const ids = [dispatch(GROUPED, { word: "a" }), dispatch(GROUPED, { word: "A" }), dispatch(GROUPED, { word: "a" })];
    await actions.idle();
    const order = events.flatMap((event) => (event.kind === "run-started" || event.kind === "run-finished" ? [`${event.kind} ${event.runId}`] : []));
    expect(order).toEqual(ids.flatMap((id) => [`run-started ${id}`, `run-finished ${id}`]));
    expect(port.names.get(1)).toBe("Item a");
  });

  test("a waiting run that is cancelled never starts", async () => {
    const { dispatch, actions, events, port } = await open();
    dispatch(GROUPED, { word: "a" });
    const waiting = dispatch(GROUPED, { word: "a" });
    actions.cancel(waiting);
    await actions.idle();
    expect(port.runs.get(waiting)?.conclusion).toBe("cancelled");
    expect(events.filter((event) => event.kind === "run-started")).toHaveLength(1);
  });

  test("without queue: max a newer run replaces the waiting one", async () => {
    const { dispatch, actions, port } = await open();
    const text = GROUPED.replace(", queue: max", "");
    const ids = [dispatch(text), dispatch(text), dispatch(text)];
    await actions.idle();
    expect(ids.map((id) => port.runs.get(id)?.conclusion)).toEqual(["success", "cancelled", "success"]);
  });
});

test("what a job leaves running is ended with it", async () => {
  const { play, log, port } = await open();
  await play(oneJob(`
- run: |
    sleep 600 >/dev/null 2>&1 &
    echo "child=$!"
    setsid sleep 600 >/dev/null 2>&1 &
    echo "child=$!"
- run: echo next`));
  expect(port.jobs[0]?.conclusion).toBe("success");
  const children = log("only").flatMap((line) => (line.startsWith("child=") ? [Number(line.slice(6))] : []));
  expect(children).toHaveLength(2);
  for (const child of children) await expect.poll(() => isAlive(child)).toBe(false);
});
