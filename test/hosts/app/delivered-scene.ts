/** A labelled issue whose run has delivered a pull request, over the wire against the local GitHub. */
import { publicTicketKey, verifyTicket } from "../../../src/github/trust/index.ts";
import { formatSegmentName, formatTrailers, type EndingCode } from "../../../src/record/index.ts";
import type { AppWorld } from "./app-world.ts";
import { ticketKeyPem } from "./running-app.ts";

export interface DeliveredScene {
  readonly issue: number;
  readonly pull: number;
  /** The delivered commit. */
  readonly head: string;
  readonly branch: string;
  call(method: string, path: string, body?: unknown): Promise<any>; // oxlint-disable-line typescript/no-explicit-any
  /** What each run was dispatched to follow up, oldest first. */
  followedUp(): readonly unknown[];
  /** The ticket of the newest run. */
  ticket(): unknown;
  labels(): readonly (string | undefined)[];
  status(): Promise<string>;
  /** Other comments of the App on the issue. */
  said(): Promise<readonly string[]>;
  /** The newest run comes to its end. */
  ends(step: string, ending: EndingCode): Promise<void>;
}

export const README = "calc\n";

/** The delivered commit writes these files. */
export async function deliver(world: AppWorld, { config = "", files = { "README.md": "calc, mended\n" } }: { readonly config?: string; readonly files?: Readonly<Record<string, string>> } = {}): Promise<DeliveredScene> {
  const call = async (method: string, path: string, body?: unknown) => (await world.call(world.app, method, `/repos/acme/calc${path}`, body)).body;
  await world.commit({ ".github/worktrain.yml": `commands: { test: npm test }\n${config}`, "README.md": README });
  const issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
  await world.label(issue);
  await world.quiet();
  const item = { repositoryId: world.repositoryId, subject: `issue-${issue}` as const, attempt: 1 };
  const ends: DeliveredScene["ends"] = async (step, ending) => {
    const id = world.runs(issue).at(-1)?.id ?? 0;
    world.saveArtifact(id, formatSegmentName({ item, runId: id, runAttempt: 1, index: 1, phase: "deliver", step, costMilliUsd: 120, ending }));
    await world.updateRun(id, { status: "completed", conclusion: "success" });
  };
  const main = await call("GET", "/git/ref/heads/main");
  const base = await call("GET", `/git/commits/${main.object.sha}`);
  const tree = await call("POST", "/git/trees", { base_tree: base.tree.sha, tree: Object.entries(files).map(([path, content]) => ({ path, mode: "100644", type: "blob", content })) });
  const commit = await call("POST", "/git/commits", { message: `Fix add\n\n${formatTrailers({ item: `${world.repositoryId}/issue-${issue}/1`, key: world.runs(issue)[0]?.inputs["key"] ?? "" })}\n`, tree: tree.sha, parents: [main.object.sha] });
  const branch = `worktrain/issue-${issue}-1`;
  await call("POST", "/git/refs", { ref: `refs/heads/${branch}`, sha: commit.sha });
  const pull = (await call("POST", "/pulls", { title: "Fix add", head: branch, base: "main" })).number;
  await ends("delivered", "ready");
  const tickets = () => world.runs(issue).map(({ inputs }) => verifyTicket(inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: new Date().toISOString() }));
  const comments = () => world.comments(issue);
  return {
    issue,
    pull,
    head: commit.sha,
    branch,
    call,
    ends,
    followedUp: () => tickets().map((ticket) => (ticket.ok ? ticket.value.followUp : ticket.error)),
    ticket: () => tickets().at(-1),
    labels: () => [...world.github.state().issues.values()].find(({ number }) => number === issue)?.labelIds.map((id) => world.github.state().labels.get(id)?.name) ?? [],
    status: async () => (await comments()).find(({ body }) => body.startsWith("<!-- worktrain:status"))?.body ?? "",
    said: async () => (await comments()).map(({ body }) => body).filter((body) => !body.startsWith("<!-- worktrain:status")),
  };
}
