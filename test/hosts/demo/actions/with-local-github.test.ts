import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { startLocalActions, type LocalActionsEvent } from "../../../../src/hosts/demo/actions/index.ts";
import { nodeClock } from "../../../../src/shared/node-ports.ts";
import { startWorld } from "../github/world.ts";
import { FIXTURES, PINNED } from "./world.ts";

const WORKFLOW = `name: Play
run-name: Play \${{ inputs.word }}
on: { workflow_dispatch: { inputs: { word: { type: string, required: true } } } }
permissions: {}
concurrency: { group: play, queue: max }
jobs:
  read:
    runs-on: ubuntu-latest
    environment: { name: work, deployment: false }
    permissions: { contents: read }
    outputs: { commit: "\${{ steps.look.outputs.commit }}" }
    steps:
      - uses: actions/checkout@${PINNED}
        with: { persist-credentials: false }
      - uses: acme/tools/upload@${PINNED}
      - id: look
        env: { TOKEN: "\${{ github.token }}", KEY: "\${{ secrets.KEY }}" }
        run: |
          echo "commit=$(git rev-parse HEAD)" >> "$GITHUB_OUTPUT"
          echo "key is $KEY, token is $TOKEN"
          node -e '
            const { GITHUB_API_URL: api, GITHUB_REPOSITORY: repository, TOKEN: token } = process.env;
            const call = (method, path, body) => fetch(api + "/repos/" + repository + path, { method, body, headers: { authorization: "Bearer " + token, "user-agent": "t" } });
            call("GET", "/contents/.github/workflows/play.yml").then((r) => console.log("read " + r.status));
            call("POST", "/issues", JSON.stringify({ title: "t" })).then((r) => console.log("write " + r.status));
          '
  after:
    runs-on: ubuntu-latest
    needs: read
    steps:
      - run: echo "saw \${{ needs.read.outputs.commit }}"
`;

const runsSchema = z.object({ workflow_runs: z.array(z.looseObject({ id: z.number() })) });
const artifactsSchema = z.object({ artifacts: z.array(z.looseObject({ id: z.number() })) });

test("a dispatched run is played with the repository server's git, tokens, secrets and artifacts", async () => {
  const world = await startWorld();
  const events: LocalActionsEvent[] = [];
  const actions = await startLocalActions({
    port: world.github.actions,
    directory: join(world.directory, "actions"),
    apiUrl: world.github.url,
    gitUrl: world.github.url,
    nodePath: process.execPath,
    actions: { "acme/tools/upload": join(FIXTURES, "upload-action") },
    extraEnvironment: {},
    clock: nodeClock,
    onEvent: (event) => void events.push(event),
  });
  try {
    world.github.setEnvironmentSecret("work", "KEY", "very-secret");
    const clone = join(world.directory, "clone");
    await world.git(world.directory, "clone", "--quiet", world.remote(world.maintainer), clone);
    mkdirSync(join(clone, ".github/workflows"), { recursive: true });
    writeFileSync(join(clone, ".github/workflows/play.yml"), WORKFLOW);
    await world.git(clone, "add", ".");
    await world.git(clone, "commit", "--quiet", "-m", "add the workflow");
    expect(await world.git(clone, "push", "--quiet", "origin", "HEAD:main")).toMatchObject({ code: 0 });
    const head = (await world.git(clone, "rev-parse", "HEAD")).out.trim();

    const api = (method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }> => world.call(world.maintainer, method, `/repos/acme/calc${path}`, body);
    expect((await api("POST", "/actions/workflows/play.yml/dispatches", { ref: "main", inputs: { word: "it" } })).status).toBeLessThan(300);
    await actions.idle();

    const lines: readonly string[] = events.flatMap((event) => (event.kind === "log" ? [event.text] : []));
    const [run] = runsSchema.parse((await api("GET", "/actions/runs")).body).workflow_runs;
    expect(run).toMatchObject({ status: "completed", conclusion: "success", display_title: "Play it", head_sha: head });
    const jobs = await api("GET", `/actions/runs/${run?.id}/jobs`);
    expect(jobs.body).toMatchObject({ jobs: [{ name: "read", conclusion: "success" }, { name: "after", conclusion: "success" }] });
    expect(lines).toEqual(expect.arrayContaining(["key is ***, token is ***", "read 200", "write 403", `saw ${head}`]));

    const [artifact] = artifactsSchema.parse((await api("GET", `/actions/runs/${run?.id}/artifacts`)).body).artifacts;
    expect(artifact).toMatchObject({ name: "notes.txt", size_in_bytes: 5, digest: expect.stringMatching(/^sha256:/) });
    const { headers } = await world.call(world.maintainer, "GET", `/repos/acme/calc/actions/artifacts/${artifact?.id}/zip`);
    expect(await (await fetch(headers.get("location") ?? "")).text()).toBe("notes");
  } finally {
    await actions.close();
    await world.close();
  }
});
