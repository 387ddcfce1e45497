/** Effects on GitHub, each journaled when it is confirmed: however often the process dies, one effect a key stands in the end (I2). */
import type { GitHub } from "../../../src/github/client.ts";
import { commentEffect, createEffectRunner, dispatchEffect, issueReactionEffect, type Effect } from "../../../src/github/write/index.ts";
import { openDirectoryReader, type DirectoryJournal } from "../../../src/journal/index.ts";
import { requestError } from "../../fakes/github.ts";
import { APP_ID, smallWorld, type SmallWorld } from "../../fakes/small-world.ts";
import { hastyClock, journalWorld, type Scenario } from "./scenario.ts";

const REPOSITORY = { owner: "acme", repo: "shop" };
const STREAM = "item/7/issue-12/1";
const POST_COMMENT = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
const POST_DISPATCH = "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";
const NOW = "2026-01-01T00:00:00Z";

const marker = (name: string): string => `<!-- worktrain:${name} issue-12 `;
const comment = (name: string) => (github: GitHub): Effect =>
  commentEffect({ github, repository: REPOSITORY, issueNumber: 12, author: { appId: APP_ID, botLogin: null } }, { marker: marker(name), body: `${marker(name)}x -->` });
const dispatch = (key: string) => (github: GitHub): Effect => dispatchEffect(github, REPOSITORY, { workflow: "worktrain.yml", ref: "main", key, inputs: { key, item: "7/issue-12/1" }, since: NOW });
const reaction = (github: GitHub): Effect => issueReactionEffect(github, REPOSITORY, { issueNumber: 12, content: "eyes" });

interface EffectsOptions {
  readonly effects: readonly ((github: GitHub) => Effect)[];
  /** What else happens to a request. */
  readonly meddle?: (world: SmallWorld) => SmallWorld["fault"];
}

const keyOf = (make: (github: GitHub) => Effect, world: SmallWorld): string => make(world.github).key;

async function confirmedKeys(journal: Pick<DirectoryJournal, "read">): Promise<readonly string[]> {
  return (await journal.read(STREAM)).flatMap((event) => (event.kind === "effect_confirmed" ? [event.data.key] : []));
}

function effects(name: string, { effects: wanted, meddle }: EffectsOptions): Scenario {
  return {
    name,
    begin() {
      const { disk, witness, open, died } = journalWorld();
      const world = smallWorld(() => NOW);
      world.fault = meddle?.(world) ?? null;
      return {
        disk,
        died,
        async live(life) {
          const journal = await open(life);
          const runner = createEffectRunner({
            clock: hastyClock(),
            async onConfirmed(effect, { id, url, adopted }) {
              await witness.append(journal, STREAM, [{ kind: "effect_confirmed", data: { key: effect.key, intent: "comment", id, url, adopted } }]);
            },
          });
          const done = await confirmedKeys(journal);
          const github = life.port(world.github);
          for (const make of wanted) if (!done.includes(keyOf(make, world))) await runner.apply(make(github));
          await journal.close();
        },
        async finished() {
          const confirmed = await confirmedKeys(await openDirectoryReader({ directory: "/j", fs: disk.fileSystem }));
          const keys = wanted.map((make) => keyOf(make, world));
          if (JSON.stringify(confirmed) !== JSON.stringify(keys)) throw new Error(`The journal confirms ${confirmed.join(", ")} instead of ${keys.join(", ")}`);
          for (const key of keys) {
            const of = (kind: string, count: number): void => {
              if (count !== 1) throw new Error(`I2: ${count} ${kind} for ${key}`);
            };
            if (key.startsWith("comment:")) of("comments", world.ownComments().filter(({ body }) => body.startsWith(key.slice("comment:".length))).length);
            if (key.startsWith("dispatch:")) of("dispatches", world.dispatches.filter((inputs) => key.endsWith(String(inputs["key"]))).length);
          }
        },
      };
    },
  };
}

/** The first request of a route is done and answered with an outage. */
const answerLost = (routes: readonly string[]) => (): SmallWorld["fault"] => {
  const lost = new Set<string>();
  return (route, apply) => {
    if (!routes.includes(route) || lost.has(route)) return;
    lost.add(route);
    apply();
    throw requestError(502, "Bad Gateway");
  };
};

/** Another job makes the same comment just before ours. */
const rival = (world: SmallWorld): SmallWorld["fault"] => {
  let came = false;
  return (route) => {
    if (route !== POST_COMMENT || came) return;
    came = true;
    world.comments.push({ id: 500, body: `${marker("status")}x -->`, appId: APP_ID, login: "worktrain[bot]" });
  };
};

export const effectScenarios: readonly Scenario[] = [
  effects("two comments", { effects: [comment("status"), comment("questions")] }),
  effects("a reaction, a comment and a dispatch", { effects: [reaction, comment("status"), dispatch("a".repeat(32))] }),
  effects("a comment and a dispatch whose answers get lost", { effects: [comment("status"), dispatch("a".repeat(32))], meddle: answerLost([POST_COMMENT, POST_DISPATCH]) }),
  effects("a comment that another job makes at the same time", { effects: [comment("status")], meddle: rival }),
];
