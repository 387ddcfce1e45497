/** A label on the issue of the small world, handled by the App's own code. */
import { generateKeyPairSync } from "node:crypto";
import { createEditBudget } from "../../../src/hosts/app/runs/edit-budget.ts";
import { createEffectRunner } from "../../../src/github/write/index.ts";
import { reportRun } from "../../../src/hosts/app/runs/run-report.ts";
import { startWork } from "../../../src/hosts/app/starting/start-work.ts";
import type { LabeledEvent } from "../../../src/intake/index.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { APP_ID, smallWorld } from "../../fakes/small-world.ts";

export const TICKET_KEY = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
export const DISPATCH = "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";

export function labelScene() {
  const clock = fakeClock();
  const world = smallWorld(() => new Date(clock.nowMs()).toISOString());
  const logged: string[] = [];
  const note = (...parts: unknown[]) => void logged.push(JSON.stringify(parts.map((part) => (part instanceof Error ? part.message : part))));
  const tools = { clock, log: { info: note, warn: note, error: note }, effects: createEffectRunner({ clock }), author: { appId: APP_ID, botLogin: null }, ticketKeyPem: TICKET_KEY, edits: createEditBudget(clock) };
  const place = { github: world.github, repository: { owner: "acme", repo: "shop" }, repositoryId: 99 };
  const event = (more: Partial<LabeledEvent> = {}): LabeledEvent => ({
    repository: { id: 99, owner: "acme", repo: "shop" },
    issueNumber: 12,
    label: "worktrain:ready",
    sender: { login: "octocat", id: 42 },
    task: { title: world.issue.title, body: world.issue.body },
    labelledAt: new Date(clock.nowMs()).toISOString(),
    ...more,
  });
  const label = (more: Partial<LabeledEvent> = {}, deliveryId = "d-1") => startWork(place, tools, { event: event(more), deliveryId });
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => undefined);
    for (let step = 0; step < 40; step += 1) await clock.advance(1_000);
    return promise;
  };
  const end = async (conclusion: string) => {
    for (const run of world.runs) Object.assign(run, { status: "completed", conclusion });
    for (const run of world.runs) await reportRun(place, tools, run.id);
  };
  return { world, clock, tools, place, label, settle, end, logged, body: () => world.ownComments()[0]?.body ?? "" };
}
