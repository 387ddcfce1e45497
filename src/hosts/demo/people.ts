/** The people of a scenario: each acts through the local GitHub's API with a token and a role of their own, and tells what they did. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { TerminalError } from "../../shared/errors.ts";
import { isPull, type Pull } from "./github/records.ts";
import { call, labelIssue, openIssue, statusOf, untilOver, waitUntil } from "./play.ts";
import { pullOf } from "./outcome.ts";
import type { People } from "./scenario/scenario.ts";
import { git, OWNER, type World } from "./world.ts";

/** Issues that they opened, in order. */
export interface Gathering {
  readonly people: People;
  readonly issues: readonly number[];
}

export interface GatheringOptions {
  /** Of the world. */
  readonly directory: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const idSchema = z.object({ id: z.int() });

export function gatherPeople(world: World, { directory, say, signal }: GatheringOptions): Gathering {
  const tokens = new Map([[OWNER, world.maintainerToken]]);
  const issues: number[] = [];
  /** The last comment on an issue, and when the status was written that it asks to go on from. */
  const asked = new Map<number, { readonly commentId: number; readonly from: string }>();
  const hasReaction = (commentId: number, wanted: string): boolean => [...world.github.state().reactions.values()].some(({ subject, content }) => subject.kind === "comment" && subject.id === commentId && content === wanted);
  const tokenOf = (login: string): string => {
    const token = tokens.get(login);
    if (token === undefined) throw new TerminalError(`${login} has not joined.`, "This is a bug in the demo; please report it.");
    return token;
  };
  const people: People = {
    join(login, role) {
      tokens.set(login, world.github.addUser(login, role, world.repository.id));
    },
    async openIssue(issue) {
      const number = await openIssue(world, issue);
      issues.push(number);
      return number;
    },
    async openPull(login, pull) {
      const number = await pushAndOpen(world, join(directory, `checkout-of-${login}`), { ...pull, login, token: tokenOf(login) });
      issues.push(number);
      say(`${login} opened pull request #${number}: ${pull.title}`);
      return number;
    },
    async label(issueNumber) {
      await labelIssue(world, issueNumber);
      if (isPullRequest(world, issueNumber)) {
        say(`${OWNER} labelled pull request #${issueNumber} worktrain:ready`);
        return;
      }
      say(`${OWNER} opened issue #${issueNumber} and labelled it worktrain:ready`);
    },
    async comment(login, issueNumber, body) {
      const before = statusOf(world, issueNumber);
      const { id } = idSchema.parse(await call(world, { token: tokenOf(login), method: "POST", path: `/issues/${issueNumber}/comments`, body: { body } }));
      if (before !== null) asked.set(issueNumber, { commentId: id, from: before.labelledAt });
      say(`${login} wrote on issue #${issueNumber}: ${body}`);
      return id;
    },
    async merge(issueNumber) {
      const pull = pullOf(world, issueNumber);
      if (pull === null) {
        // How the work ended tells the rest.
        say(`${OWNER} finds no pull request of issue #${issueNumber} to merge`);
        return;
      }
      await mergeAndPush(world, directory, pull);
      say(`${OWNER} merged pull request #${pull.number}`);
      await world.github.settled();
    },
    untilReaction: (commentId, content) => waitUntil(world, `The reaction ${content}`, () => hasReaction(commentId, content), signal),
    async untilOver(issueNumber) {
      const comment = asked.get(issueNumber) ?? null;
      await untilOver(world, issueNumber, signal, (status) => comment === null || status.labelledAt !== comment.from || hasReaction(comment.commentId, "confused"));
    },
  };
  return { people, issues };
}

const isPullRequest = (world: World, number: number): boolean => [...world.github.state().issues.values()].some((each) => each.repositoryId === world.repository.id && each.number === number && isPull(each));

type Opened = Parameters<People["openPull"]>[1] & { readonly login: string; readonly token: string };

/** From a clone of their own. */
async function pushAndOpen(world: World, checkout: string, { login, token, title, body, branch, files }: Opened): Promise<number> {
  const url = new URL(world.repository.gitUrl);
  url.username = "x-access-token";
  url.password = token;
  await mkdir(checkout, { recursive: true });
  const run = (...args: readonly string[]): Promise<string> => git(checkout, args, world.path);
  await run("clone", "--quiet", "--", url.href, ".");
  await run("switch", "--quiet", "--create", branch);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(checkout, path)), { recursive: true });
    await writeFile(join(checkout, path), text);
  }
  await run("add", "--all");
  await run("commit", "--quiet", `--author=${login} <${login}@example.com>`, "--message", title);
  await run("push", "--quiet", "--", url.href, branch);
  const opened = await call(world, { token, method: "POST", path: "/pulls", body: { title, body, head: branch, base: "main" } });
  return z.object({ number: z.int() }).parse(opened).number;
}

/** In the clone that the repository was pushed from. */
async function mergeAndPush(world: World, directory: string, pull: Pull): Promise<void> {
  const checkout = join(directory, "checkout");
  const url = new URL(world.repository.gitUrl);
  url.username = "x-access-token";
  url.password = world.maintainerToken;
  const run = (...args: readonly string[]): Promise<string> => git(checkout, args, world.path);
  await run("fetch", "--quiet", "--", url.href, "main", pull.pull.head.ref);
  await run("merge", "--quiet", "--no-ff", "--message", `Merge pull request #${pull.number} from ${pull.pull.head.ref}`, pull.pull.head.sha);
  await run("push", "--quiet", "--", url.href, "main");
}
