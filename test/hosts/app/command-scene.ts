/** Comments on the issue of the small world, as webhooks bring them to the App's handlers. */
import { registerHandlers, type Delivery, type WebhookName } from "../../../src/hosts/app/handlers.ts";
import { createRunFollower } from "../../../src/hosts/app/runs/run-follower.ts";
import { createSubjectQueue } from "../../../src/hosts/app/subject-queue.ts";
import { publicTicketKey, verifyTicket, type Ticket } from "../../../src/github/trust/index.ts";
import { formatSegmentName, type EndingCode } from "../../../src/record/index.ts";
import { parseStatusMarker } from "../../../src/report/status-marker.ts";
import type { WorldRun } from "../../fakes/small-world.ts";
import { labelScene, TICKET_KEY } from "./label-scene.ts";

export const GATE = "gate-31-code-1-8dbf2163b3b83e82";

export interface WrittenComment {
  readonly id?: number;
  readonly author?: { readonly login: string; readonly id: number; readonly type: string };
  readonly senderId?: number;
  readonly app?: { readonly id: number } | null;
  readonly createdAt?: string;
  readonly editedAt?: string;
  readonly isPullRequest?: boolean;
  /** Of the issue when the comment was written. */
  readonly title?: string;
  readonly event?: WebhookName | "issue_comment.edited";
}

export function commandScene() {
  const scene = labelScene();
  const { world, clock, tools, end } = scene;
  const queue = createSubjectQueue(tools.log);
  const follower = createRunFollower({ clock, log: tools.log, pollMs: 30_000 });
  const handlers = new Map<string, (delivery: Delivery) => void>();
  registerHandlers({ on: (events, handler) => [events].flat().forEach((event) => handlers.set(event, handler)) }, { ...tools, queue, follower, dashboards: new Set(), slug: () => Promise.resolve("our-train"), workflow: { template: "", action: null, publicKey: "" } });
  const installation: Delivery["installation"] = { request: world.github.request, renew: () => Promise.resolve() };
  let lastId = 500;

  /** Delivers a comment and lets its handling come to an end. Returns its id. */
  const comment = async (body: string, written: WrittenComment = {}): Promise<number> => {
    lastId = written.id ?? lastId + 1;
    const author = written.author ?? { login: "octocat", id: 42, type: "User" };
    const createdAt = written.createdAt ?? new Date(clock.nowMs()).toISOString();
    const event = written.event ?? "issue_comment.created";
    const payload = {
      action: event.split(".")[1],
      issue: { number: 12, title: written.title ?? world.issue.title, body: world.issue.body, ...(written.isPullRequest === true ? { pull_request: {} } : {}) },
      comment: { id: lastId, body, user: author, created_at: createdAt, updated_at: written.editedAt ?? createdAt, performed_via_github_app: written.app ?? null, html_url: "" },
      repository: { id: 99, name: "shop", owner: { login: "acme" } },
      installation: { id: 1 },
      sender: { login: author.login, id: written.senderId ?? author.id },
    };
    handlers.get(event)?.({ id: "d-1", payload, installation });
    const idle = queue.idle();
    await scene.settle(idle);
    return lastId;
  };

  /** The issue is labelled, and its run ends with a code; at `step`, or the gate where it waits for a person. */
  const stopped = async (ending: EndingCode, step = ending === "awaiting-approval" ? GATE : "parked"): Promise<void> => {
    await scene.settle(scene.label());
    const runId = world.runs[0]?.id ?? 0;
    world.artifacts.push({ id: 1, name: formatSegmentName({ item: { repositoryId: 99, subject: "issue-12", attempt: 1 }, runId, runAttempt: 1, index: 1, phase: "code", step, costMilliUsd: 120, ending }) });
    await scene.settle(end("success"));
    // The artifact was made at 00:05.
    await clock.advance(10 * 60_000);
  };

  /** Somebody gives the issue to an account. */
  const assign = async (login: string): Promise<void> => {
    world.issue.assignees = [login];
    const payload = { action: "assigned", assignee: { login }, issue: { number: 12, title: world.issue.title, body: world.issue.body, updated_at: new Date(clock.nowMs()).toISOString() }, repository: { id: 99, name: "shop", owner: { login: "acme" } }, installation: { id: 1 }, sender: { login: "octocat", id: 42 } };
    handlers.get("issues.assigned")?.({ id: "d-3", payload, installation });
    await scene.settle(queue.idle());
  };

  /** The webhook of a run that is over. */
  const hear = async (run: WorldRun): Promise<void> => {
    const payload = { workflow_run: { id: run.id, path: run.path, event: "workflow_dispatch", display_title: run.title, status: run.status }, repository: { id: 99, name: "shop", owner: { login: "acme" } }, installation: { id: 1 } };
    handlers.get("workflow_run.completed")?.({ id: "d-2", payload, installation });
    await scene.settle(queue.idle());
  };

  const tickets = (): readonly Ticket[] =>
    world.dispatches.map(({ ticket }) => {
      const read = verifyTicket(String(ticket), publicTicketKey(TICKET_KEY), { runCreatedAt: new Date(0).toISOString() });
      if (!read.ok) throw new Error(read.error.message);
      return read.value;
    });
  const answers = (): readonly string[] => world.ownComments().flatMap(({ body }) => (body.startsWith("<!-- worktrain:answer ") ? [body] : []));
  const marker = () => world.ownComments().map(({ body }) => parseStatusMarker(body)).find((each) => each !== null) ?? null;
  return { ...scene, comment, assign, hear, stopped, tickets, answers, marker, follower, silence: () => [world.dispatches.length, world.ownComments().length, world.commentReactions.length, world.reactions] };
}
