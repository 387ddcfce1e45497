/** Pull requests of the local GitHub that the real App reviews; agent and deliver job are told by what they leave. */
import { join } from "node:path";
import { formatSegmentName, type EndingCode } from "../../../src/record/index.ts";
import { parseStatusMarker } from "../../../src/report/status-marker.ts";
import { writeFiles } from "../demo/github/world.ts";
import { startAppWorld, WORKFLOW_TEXT, type AppWorld } from "./app-world.ts";

export const EXCHANGE_URL = "https://worktrain.example.com/exchange";

export interface ReviewScene {
  readonly world: AppWorld;
  /** Another head of the branch. */
  push(text: string): Promise<string>;
  open(): Promise<{ readonly number: number; readonly head: string }>;
  /** Runs of reviews, oldest first. */
  runs(): { readonly id: number; readonly inputs: Readonly<Record<string, string>> }[];
  checks(): { readonly id: number; readonly name: string; readonly app: string; readonly head: string; readonly key: string; readonly state: string; readonly title: string | null; readonly summary: string | null; readonly buttons: readonly string[] }[];
  /** What the newest run has saved. Returns its id. */
  save(number: number, saved: { readonly index?: number; readonly step?: string; readonly ending?: EndingCode | null }): number;
  /** The newest run ends. */
  end(number: number, ending: EndingCode | null, conclusion?: "success" | "failure" | "cancelled"): Promise<void>;
  marker(number: number): Promise<ReturnType<typeof parseStatusMarker>>;
  /** Minutes pass for the App; GitHub's clock stands still. */
  pass(minutes: number): Promise<void>;
}

/** @param exchange whether the deliver job publishes as the App */
export async function startReviewScene({ exchange = false }: { readonly exchange?: boolean } = {}): Promise<ReviewScene> {
  const world = await startAppWorld(exchange ? { environment: { WORKTRAIN_EXCHANGE_URL: EXCHANGE_URL, WORKTRAIN_ACTION: `acme/worktrain/action@${"a".repeat(40)}` } } : {});
  if (exchange) await world.commit({ ".github/workflows/worktrain.yml": WORKFLOW_TEXT.replace("# exchange-url: the App's WORKTRAIN_EXCHANGE_URL", `exchange-url: ${EXCHANGE_URL}`) });
  const runs: ReviewScene["runs"] = () => [...world.github.state().runs.values()].filter(({ displayTitle }) => displayTitle.includes("/pr-"));
  const push: ReviewScene["push"] = async (text) => {
    const clone = join(world.directory, "words-clone");
    if ((await world.git(world.directory, "clone", "--quiet", world.remote(world.maintainer), clone)).code === 0) await world.git(clone, "switch", "--quiet", "-c", "words");
    writeFiles(clone, { "words.js": text });
    await world.git(clone, "add", "-A");
    await world.git(clone, "-c", "user.name=m", "-c", "user.email=m@example.com", "commit", "--quiet", "-m", text);
    const { code, err } = await world.git(clone, "push", "--quiet", "--force", world.remote(world.maintainer), "words");
    if (code !== 0) throw new Error(err);
    await world.quiet();
    return (await world.git(clone, "rev-parse", "HEAD")).out.trim();
  };
  const save: ReviewScene["save"] = (number, { index = 1, step = "end", ending = null }) => {
    const run = runs().at(-1);
    const runId = run?.id ?? 0;
    const attempt = Number(run?.inputs["item"]?.split("/")[2]);
    world.saveArtifact(runId, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `pr-${number}`, attempt }, runId, runAttempt: 1, index, phase: "review", step, costMilliUsd: 1, ending }));
    return runId;
  };
  return {
    world,
    push,
    async pass(minutes) {
      for (let passed = 0; passed < minutes; passed += 1) {
        await world.clock.advance(60_000);
        await world.quiet();
      }
    },
    runs,
    save,
    async open() {
      const head = await push("one\n");
      const { body } = await world.call(world.maintainer, "POST", "/repos/acme/calc/pulls", { title: "Words", body: "", head: "words", base: "main" });
      await world.quiet();
      return { number: body.number, head };
    },
    checks: () =>
      [...world.github.state().checkRuns.values()].map(({ id, name, appSlug, headSha, externalId, status, conclusion, output, actions }) => ({ id, name, app: appSlug, head: headSha, key: externalId, state: conclusion ?? status, title: output.title, summary: output.summary, buttons: actions.map(({ label }) => label) })),
    async end(number, ending, conclusion = "success") {
      const runId = ending === null ? (runs().at(-1)?.id ?? 0) : save(number, { index: 9, ending, ...(ending === "awaiting-approval" ? { step: GATE } : {}) });
      await world.updateRun(runId, { status: "completed", conclusion });
      await world.quiet();
    },
    marker: async (number) => parseStatusMarker((await world.comments(number))[0]?.body ?? ""),
  };
}

export const GATE = "gate-31-code-1-8dbf2163b3b83e82";
