import { z } from "zod";
import { atLeast, roleOf, type Principal } from "../principal.ts";
import type { Issue } from "../records.ts";
import { failure, json, notFound, pageOf, validationFailed } from "../reply.ts";
import { answer, numberParam, repositoryRoute, type InRepository, type Route, type Transition } from "../route.ts";
import { known, select, type State } from "../state.ts";
import { addLabels, createLabel, editIssue, issueByNumber, labelByName, openIssue, removeLabel } from "../transitions/issues.ts";
import { issueJson, labelJson } from "../views/issues.ts";
import { bodyTooLong } from "./body-limit.ts";

const READ = { permission: ["issues", "pull_requests"], level: "read", role: "read" } as const;
const LABEL = { permission: ["issues", "pull_requests"], level: "write", role: "triage" } as const;
/** Anybody who can see a repository may open an issue. */
const OPEN = { permission: "issues", level: "write", role: "read" } as const;

export const ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}";

/** Runs on the issue of the path, or answers 404. */
export function onIssue(exchange: InRepository, then: (state: State, issue: Issue) => ReturnType<Transition>): Transition {
  return (state) => {
    const issue = issueByNumber(state, exchange.repository.id, numberParam(exchange.params, "issue_number"));
    return issue === null ? { state, reply: notFound() } : then(state, issue);
  };
}

/** Whether what a principal makes is marked as made through an App. */
export const isApp = (principal: Principal): boolean => principal.kind === "installation" || principal.kind === "job";

const labelNames = z.array(z.union([z.string(), z.looseObject({ name: z.string() })]));
const namesOf = (labels: z.infer<typeof labelNames>): string[] => labels.map((label) => (typeof label === "string" ? label : label.name));

const createIssue = repositoryRoute({
  method: "POST",
  template: "/repos/{owner}/{repo}/issues",
  access: OPEN,
  body: z.object({ title: z.union([z.string(), z.int()]), body: z.string().nullish(), labels: labelNames.optional() }),
  handle:
    ({ act, body, base, principal, repository }) =>
    (state) => {
      if (String(body.title).trim() === "") return { state, reply: validationFailed({ resource: "Issue", field: "title", code: "missing_field" }) };
      const tooLong = bodyTooLong("Issue", body.body);
      if (tooLong !== null) return { state, reply: tooLong };
      const opened = openIssue(state, act, { title: String(body.title), body: body.body ?? null, viaApp: isApp(principal), pull: null });
      // Labels of somebody without triage rights are dropped silently, as on GitHub.
      const mayLabel = principal.kind !== "user" || atLeast(roleOf(repository, principal.login), "triage");
      const next = mayLabel ? addLabels(opened.state, act, opened.issue.id, namesOf(body.labels ?? [])) : opened.state;
      return { state: next, reply: json(issueJson({ state: next, base }, known(next.issues, opened.issue.id, "issue")), 201) };
    },
});

const getIssue = repositoryRoute({
  method: "GET",
  template: ISSUE,
  access: READ,
  handle: (exchange) => onIssue(exchange, (state, issue) => ({ state, reply: json(issueJson({ state, base: exchange.base }, issue)) })),
});

const listIssues = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/issues",
  access: READ,
  handle: ({ repository, url, base }) =>
    answer((state) => {
      const wanted = url.searchParams.get("state") ?? "open";
      const labels = (url.searchParams.get("labels") ?? "").split(",").filter((name) => name !== "");
      const since = url.searchParams.get("since");
      const creator = url.searchParams.get("creator");
      const found = select(state.issues, (issue) => issue.repositoryId === repository.id && (wanted === "all" || issue.state === wanted))
        .filter((issue) => labels.every((name) => issue.labelIds.includes(labelByName(state, repository.id, name)?.id ?? -1)))
        .filter(
          (issue) =>
            (since === null || Date.parse(issue.updatedAt) >= Date.parse(since)) &&
            (creator === null || issue.author.toLowerCase() === creator.toLowerCase()),
        )
        .toSorted((a, b) => b.number - a.number);
      const ordered = url.searchParams.get("direction") === "asc" ? found.toReversed() : found;
      const page = pageOf(url, ordered);
      return json(
        page.items.map((issue) => issueJson({ state, base }, issue)),
        200,
        page.headers,
      );
    }),
});

const updateIssue = repositoryRoute({
  method: "PATCH",
  template: ISSUE,
  access: { permission: ["issues", "pull_requests"], level: "write", role: "read" },
  body: z.object({ title: z.string().optional(), body: z.string().nullish(), state: z.enum(["open", "closed"]).optional() }),
  handle: (exchange) =>
    onIssue(exchange, (state, issue) => {
      const { principal, repository, body } = exchange;
      if (principal.kind === "user" && principal.login !== issue.author && !atLeast(roleOf(repository, principal.login), "triage"))
        return { state, reply: failure(403, "Must have admin rights to Repository.") };
      const tooLong = bodyTooLong("Issue", body.body);
      if (tooLong !== null) return { state, reply: tooLong };
      const next = editIssue(state, exchange.act, issue, body);
      return { state: next, reply: json(issueJson({ state: next, base: exchange.base }, known(next.issues, issue.id, "issue"))) };
    }),
});

const labelsOf = (state: State, base: string, issueId: number) =>
  known(state.issues, issueId, "issue").labelIds.map((id) => labelJson({ state, base }, known(state.labels, id, "label")));

const listIssueLabels = repositoryRoute({
  method: "GET",
  template: `${ISSUE}/labels`,
  access: READ,
  handle: (exchange) =>
    onIssue(exchange, (state, issue) => {
      const page = pageOf(exchange.url, labelsOf(state, exchange.base, issue.id));
      return { state, reply: json(page.items, 200, page.headers) };
    }),
});

const addIssueLabels = repositoryRoute({
  method: "POST",
  template: `${ISSUE}/labels`,
  access: LABEL,
  body: z.union([z.object({ labels: labelNames }), labelNames]),
  handle: (exchange) =>
    onIssue(exchange, (state, issue) => {
      const { body } = exchange;
      const next = addLabels(state, exchange.act, issue.id, namesOf("labels" in body ? body.labels : body));
      return { state: next, reply: json(labelsOf(next, exchange.base, issue.id)) };
    }),
});

const removeIssueLabel = repositoryRoute({
  method: "DELETE",
  template: `${ISSUE}/labels/{name}`,
  access: LABEL,
  handle: (exchange) =>
    onIssue(exchange, (state, issue) => {
      const label = labelByName(state, exchange.repository.id, exchange.params["name"] ?? "");
      if (label === null || !issue.labelIds.includes(label.id)) return { state, reply: failure(404, "Label does not exist") };
      const next = removeLabel(state, exchange.act, issue, label);
      return { state: next, reply: json(labelsOf(next, exchange.base, issue.id)) };
    }),
});

const createRepositoryLabel = repositoryRoute({
  method: "POST",
  template: "/repos/{owner}/{repo}/labels",
  access: { ...LABEL, role: "write" },
  body: z.object({
    name: z.string().min(1),
    color: z
      .string()
      .regex(/^[0-9a-fA-F]{6}$/)
      .optional(),
    description: z.string().max(100).nullish(),
  }),
  handle:
    ({ act, body, base, repository }) =>
    (state) => {
      if (labelByName(state, repository.id, body.name) !== null)
        return { state, reply: validationFailed({ resource: "Label", field: "name", code: "already_exists" }) };
      const made = createLabel(state, act, body);
      return { state: made.state, reply: json(labelJson({ state: made.state, base }, made.label), 201) };
    },
});

const getRepositoryLabel = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/labels/{name}",
  access: READ,
  handle: ({ repository, params, base }) =>
    answer((state) => {
      const label = labelByName(state, repository.id, params["name"] ?? "");
      return label === null ? notFound() : json(labelJson({ state, base }, label));
    }),
});

export const issueRoutes: readonly Route[] = [
  createIssue,
  listIssues,
  getIssue,
  updateIssue,
  listIssueLabels,
  addIssueLabels,
  removeIssueLabel,
  createRepositoryLabel,
  getRepositoryLabel,
];
