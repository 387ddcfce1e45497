import type { Processes } from "../../../../shared/ports.ts";
import type { Git, Ref } from "../git/git.ts";
import { serveGit } from "../git/http-backend.ts";
import type { Machine } from "../machine.ts";
import { authenticate, loginOf, type Principal } from "../principal.ts";
import type { RepositoryRecord } from "../records.ts";
import type { Reply } from "../reply.ts";
import { queryOf, sender, type LoggedRequest } from "../request-log.ts";
import { findRepository, refuse } from "../route.ts";
import { describeMove } from "../routes/git-refs.ts";
import { moveRef, type RefMove } from "../transitions/repositories.ts";
import type { Answer, Incoming } from "./incoming.ts";
import { followPulls, wholeSeconds } from "./rest.ts";

const GIT_PATH = /^\/([^/]+)\/([^/]+?)(?:\.git)?(\/info\/refs|\/git-upload-pack|\/git-receive-pack)$/;

export interface SmartGitOptions {
  readonly machine: Machine;
  readonly processes: Processes;
  readonly nowMs: () => number;
  readonly gitOf: (repository: RepositoryRecord) => Git;
  readonly log: LoggedRequest[];
}

/** Whether a request is git's own protocol. */
export const isGitRequest = ({ url }: Incoming): boolean => GIT_PATH.test(url.pathname);

/** Answers one request of git's smart HTTP protocol; a push moves refs and state together. */
export async function answerGit(options: SmartGitOptions, incoming: Incoming): Promise<Answer> {
  const { machine, log } = options;
  const nowMs = options.nowMs();
  const authenticated = authenticate(machine.state, incoming.headers.authorization, nowMs);
  const principal: Principal = "refused" in authenticated ? { kind: "anonymous" } : authenticated;
  const [, owner = "", repo = "", path = ""] = GIT_PATH.exec(incoming.url.pathname) ?? [];
  const service = path === "/info/refs" ? incoming.url.searchParams.get("service") : path.slice(1);
  const reply =
    "refused" in authenticated
      ? unauthorized()
      : await serve(options, incoming, { principal, params: { owner, repo }, path, service: service ?? "" });
  log.push({
    at: new Date(nowMs).toISOString(),
    kind: "git",
    method: incoming.method,
    route: `/{owner}/{repo}.git${path}`,
    path: incoming.url.pathname,
    query: queryOf(incoming.url),
    body: null,
    ...("refused" in authenticated ? { token: "rejected" as const, who: "rejected", jobId: null } : sender(machine.state, principal)),
    status: reply.status,
    faulted: false,
    changes: path === "/git-receive-pack",
  });
  return reply;
}

interface GitCall {
  readonly principal: Principal;
  readonly params: Readonly<Record<string, string>>;
  readonly path: string;
  readonly service: string;
}

const text = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers,
  body: { kind: "bytes", bytes: Buffer.from(message), contentType: "text/plain" },
});
const unauthorized = (): Reply => text(401, "Authentication required.", { "www-authenticate": 'Basic realm="GitHub"' });

async function serve(options: SmartGitOptions, incoming: Incoming, { principal, params, path, service }: GitCall): Promise<Reply> {
  if (service !== "git-upload-pack" && service !== "git-receive-pack") return text(403, "Please upgrade your git client: only smart HTTP is served.");
  const repository = findRepository(options.machine.state, params);
  const writes = service === "git-receive-pack";
  const refusal =
    repository === null
      ? "missing"
      : refuse(principal, repository, { permission: "contents", level: writes ? "write" : "read", role: writes ? "write" : "read" });
  if (repository === null || refusal !== null) {
    if (principal.kind === "anonymous") return unauthorized();
    const denied = refusal !== "missing" && refusal?.status === 403;
    return denied
      ? text(403, `Permission to ${params["owner"]}/${params["repo"]}.git denied to ${loginOf(principal) ?? "you"}.`)
      : text(404, "Repository not found.");
  }
  const header = (name: string): string => {
    const value = incoming.headers[name];
    return typeof value === "string" ? value : "";
  };
  const run = (): Promise<Reply> =>
    serveGit(options.processes, {
      gitDirectory: repository.gitDirectory,
      method: incoming.method,
      path,
      query: incoming.url.search.slice(1),
      headers: { contentType: header("content-type"), contentEncoding: header("content-encoding"), gitProtocol: header("git-protocol") },
      body: incoming.body,
      login: loginOf(principal) ?? "anonymous",
    });
  return path === "/git-receive-pack" ? options.machine.exclusive(() => push(options, repository, loginOf(principal) ?? "", run)) : run();
}

async function push(options: SmartGitOptions, repository: RepositoryRecord, actor: string, run: () => Promise<Reply>): Promise<Reply> {
  const { machine } = options;
  const git = options.gitOf(repository);
  const before = await git.refs();
  const reply = await run();
  const since = machine.state.history.length;
  const act = { repositoryId: repository.id, actor, at: wholeSeconds(options.nowMs()) };
  for (const { ref, before: from, after: to } of movedRefs(before, await git.refs())) {
    const move = await describeMove(git, ref, from, to);
    machine.commit(moveRef(machine.state, act, move));
  }
  await followPulls(options, since);
  return reply;
}

const idIn = (refs: readonly Ref[], name: string): string | null => refs.find((ref) => ref.name === name)?.id ?? null;

function movedRefs(before: readonly Ref[], after: readonly Ref[]): readonly Pick<RefMove, "ref" | "before" | "after">[] {
  const names = [...new Set([...before, ...after].map((ref) => ref.name))];
  return names.map((ref) => ({ ref, before: idIn(before, ref), after: idIn(after, ref) })).filter((move) => move.before !== move.after);
}
