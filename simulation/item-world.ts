/** One whole work item: an issue is labelled, and App, runs, model and people do what they do, until nobody has anything left to do. */
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { publicTicketKey } from "../src/github/trust/index.ts";
import { SimApp } from "./app.ts";
import { SimArtifacts } from "./artifacts.ts";
import { diceOf } from "./dice.ts";
import { forge } from "./forger.ts";
import { SimGitHub } from "./github.ts";
import { SimModel } from "./model.ts";
import { People } from "./people.ts";
import { SimProcess } from "./process.ts";
import { SimRunner } from "./runner.ts";
import { createSchedule } from "./schedule.ts";
import type { Trouble } from "./trouble.ts";
import { SUM_FILE, TEST_COMMAND } from "./workspace.ts";

const packageRoot = join(import.meta.dirname, "..");
/** When every world begins. */
const EPOCH_MS = Date.UTC(2026, 0, 1);
/** Whatever happens, it is over by then. */
const WORLD_MS = 72 * 60 * 60_000;
/** After the last of it the App may still look at a run. */
const AFTERMATH_MS = 10 * 60_000;

/** Ed25519 in PKCS #8 (RFC 8410): what stands before the 32 bytes of the key. */
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");
/** One key for all worlds, so that they are the same every time. */
const TICKET_KEY = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, Buffer.alloc(32, 7)]), format: "der", type: "pkcs8" }).export({ type: "pkcs8", format: "pem" }).toString();
const PUBLIC_KEY = publicTicketKey(TICKET_KEY);
/** Canaries: none of them may be found in anything that leaves a process (I6). */
export const MODEL_KEY = "sk-ant-sim-canary-5d2c9e41f7a80b36";

const manifestSchema = z.object({ default_permissions: z.record(z.string(), z.enum(["read", "write"])) });
const shipped = {
  permissions: manifestSchema.parse(parse(readFileSync(join(packageRoot, "app.yml"), "utf8"))).default_permissions,
  workflow: readFileSync(join(packageRoot, "templates/worktrain.yml"), "utf8")
    .replaceAll("__ACTION__", `worktrain/worktrain/action@${"0".repeat(40)}`)
    .replaceAll("__PUBLIC_KEY__", PUBLIC_KEY),
};

interface Budget {
  readonly turns: number;
  readonly costUsd: number;
}

/** Whether nothing that goes wrong in a world stands against the pull request for good. */
function mustBringPull(budget: Budget, troubles: readonly Trouble[]): boolean {
  const spared = budget.turns > 100 && budget.costUsd > 5;
  const hinders: readonly string[] = ["unlabel", "close", "push-branch", "lose-permission", "archive", "edit-issue"];
  return spared && !troubles.some((trouble) => trouble.kind === "foreign" || (trouble.kind === "person" && hinders.includes(trouble.what)));
}

/** What a world is after its end, for those who check it. */
export interface ItemWorld {
  readonly seed: number;
  readonly troubles: readonly Trouble[];
  /** Reviews that were to find something. */
  readonly findings: number;
  readonly budget: Budget;
  /** Asking again has to bring the pull request. */
  readonly mustSucceed: boolean;
  readonly github: SimGitHub;
  readonly artifacts: SimArtifacts;
  readonly model: SimModel;
  readonly runner: SimRunner;
  readonly people: People;
  readonly bugs: readonly string[];
  /** `idle` and `over` are ends; `late`: something went on for days. */
  readonly end: "idle" | "over" | "late";
  readonly endedMs: number;
  /** Milliseconds since 1970 when the world began. */
  readonly epochMs: number;
  /** What happened, a line each. */
  readonly trace: readonly string[];
  /** The port calls of each process at which its end makes a difference, by its name. */
  readonly places: ReadonlyMap<string, readonly number[]>;
}

/** Plays one world to its end. The same arguments give the same world. */
export async function playItem(seed: number, troubles: readonly Trouble[]): Promise<ItemWorld> {
  const dice = diceOf(seed, "world");
  const schedule = createSchedule();
  const lines: { readonly atMs: number; readonly what: string }[] = [];
  const bugs: string[] = [];
  const trace = (line: string): void => void lines.push({ atMs: schedule.nowMs(), what: line });
  const onBug = (where: string, error: unknown): void => void bugs.push(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const findings = dice.pick([0, 0, 0, 1, 2]);
  const budget = { turns: dice.pick([300, 300, 300, 12, 6]), costUsd: dice.pick([10, 10, 0.2]) };
  const mustSucceed = mustBringPull(budget, troubles);
  const files = {
    "README.md": "Sums.\n",
    [SUM_FILE]: "export const sum = (a, b) => a - b;\n",
    ".github/workflows/worktrain.yml": shipped.workflow,
    ".github/worktrain.yml": `commands: { test: ${TEST_COMMAND} }\nbudget: { turns: ${budget.turns}, costUsd: ${budget.costUsd} }\n`,
  };
  const processes: SimProcess[] = [];
  const started = { app: 0, agent: 0, deliver: 0, post: 0 };
  const startProcess = (who: keyof typeof started): SimProcess => {
    started[who] += 1;
    const nth = started[who];
    const kill = troubles.find((trouble) => trouble.kind === "kill" && trouble.who === who && trouble.nth === nth);
    const freeze = troubles.find((trouble) => trouble.kind === "freeze" && trouble.who === who && trouble.nth === nth);
    const clock = troubles.find((trouble) => trouble.kind === "clock" && trouble.who === who && trouble.nth === nth);
    const process = new SimProcess({
      name: `${who}-${nth}`,
      schedule,
      epochMs: EPOCH_MS,
      skewMs: clock?.kind === "clock" ? clock.byMs : 0,
      endsAtCall: kill?.kind === "kill" ? kill.atCall : null,
      freeze: freeze?.kind === "freeze" ? freeze : null,
      onEnd: (name) => trace(`${name} is gone`),
    });
    processes.push(process);
    return process;
  };

  const github = new SimGitHub({ seed, schedule, epochMs: EPOCH_MS, troubles, permissions: shipped.permissions, files, trace });
  const artifacts = new SimArtifacts(github, { seed, troubles, trace });
  const model = new SimModel({ seed, apiKey: MODEL_KEY, troubles, findings, nowMs: () => github.nowMs(), elapsedMs: () => schedule.nowMs(), trace });
  const runner = new SimRunner({ seed, schedule, github, artifacts, model, troubles, modelKey: MODEL_KEY, publicKey: PUBLIC_KEY, startProcess, trace, onBug });
  const app = new SimApp({ seed, schedule, github, troubles, ticketKeyPem: TICKET_KEY, startProcess: () => startProcess("app"), trace, onBug });
  app.start();
  for (const trouble of troubles) if (trouble.kind === "foreign") schedule.after(trouble.atMs, () => forge({ github, artifacts, trace }, trouble.what));
  const people = new People({ github, runner, schedule, troubles, insists: mustSucceed, trace });

  let quietSinceMs: number | null = null;
  const end = await schedule.run({
    untilMs: WORLD_MS,
    over() {
      // What stands still goes on at some time, and what comes late comes; neither may do any harm then.
      const quiet = people.done && !runner.busy && !app.expectsWebhook && !processes.some(({ standsStill }) => standsStill);
      if (!quiet) quietSinceMs = null;
      else quietSinceMs ??= schedule.nowMs();
      return quietSinceMs !== null && schedule.nowMs() - quietSinceMs > AFTERMATH_MS;
    },
  });
  return {
    seed, troubles, findings, budget, mustSucceed, github, artifacts, model, runner, people, bugs, end,
    endedMs: schedule.nowMs(),
    epochMs: EPOCH_MS,
    // Nobody reads it of a world in which everything held.
    get trace() {
      return lines.map(({ atMs, what }) => `${(atMs / 1_000).toFixed(1).padStart(9)} s  ${what}`);
    },
    places: new Map(processes.map(({ name, places }) => [name, places])),
  };
}
