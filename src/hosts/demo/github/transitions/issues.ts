import type { Issue, Label, PullPart, Reaction } from "../records.ts";
import { happen, known, put, select, takeId, without, type Act, type State } from "../state.ts";

/** A label's colour when the one who makes it names none (GitHub's default grey). */
const DEFAULT_COLOR = "ededed";

export interface NewIssue {
  readonly title: string;
  readonly body: string | null;
  readonly viaApp: boolean;
  readonly pull: Omit<PullPart, "id"> | null;
}

/** Issues and pull requests share one sequence of numbers. */
export function openIssue(state: State, act: Act, wish: NewIssue): { readonly state: State; readonly issue: Issue } {
  const taken = takeId(state);
  const pullId = takeId(taken.state);
  const number = select(state.issues, (issue) => issue.repositoryId === act.repositoryId).length + 1;
  const issue: Issue = {
    ...wish,
    id: taken.id,
    repositoryId: act.repositoryId,
    number,
    author: act.actor,
    state: "open",
    closedAt: null,
    labelIds: [],
    assignees: [],
    createdAt: act.at,
    updatedAt: act.at,
    pull: wish.pull === null ? null : { ...wish.pull, id: pullId.id },
  };
  const next: State = { ...pullId.state, issues: put(state.issues, issue.id, issue) };
  return { state: happen(next, act, { kind: eventOf(issue), action: "opened", issueId: issue.id }), issue };
}

/** Events of a pull request are called so, though it is an issue too. */
const eventOf = (issue: Issue): "issues" | "pull_request" => (issue.pull === null ? "issues" : "pull_request");

export const issueByNumber = (state: State, repositoryId: number, number: number | null): Issue | null =>
  select(state.issues, (issue) => issue.repositoryId === repositoryId && issue.number === number)[0] ?? null;

export interface IssueEdit {
  readonly title?: string | undefined;
  readonly body?: string | null | undefined;
  readonly state?: "open" | "closed" | undefined;
}

/** Changes text or state of an issue or pull request; each real change is a happening. */
export function editIssue(state: State, act: Act, issue: Issue, edit: IssueEdit): State {
  const kind = eventOf(issue);
  const title = edit.title ?? issue.title;
  const body = edit.body === undefined ? issue.body : edit.body;
  let next = state;
  let current = issue;
  if (title !== issue.title || body !== issue.body) {
    current = { ...current, title, body, updatedAt: act.at };
    const edited = [...(title === issue.title ? [] : ["title" as const]), ...(body === issue.body ? [] : ["body" as const])];
    next = happen({ ...next, issues: put(next.issues, issue.id, current) }, act, { kind, action: "edited", issueId: issue.id, edited, previous: { title: issue.title, body: issue.body ?? "" } });
  }
  if (edit.state !== undefined && edit.state !== issue.state) {
    current = { ...current, state: edit.state, closedAt: edit.state === "closed" ? act.at : null, updatedAt: act.at };
    next = happen({ ...next, issues: put(next.issues, issue.id, current) }, act, {
      kind,
      action: edit.state === "closed" ? "closed" : "reopened",
      issueId: issue.id,
    });
  }
  return next;
}

/** Label names are unique in a repository, case aside. */
export const labelByName = (state: State, repositoryId: number, name: string): Label | null =>
  select(state.labels, (label) => label.repositoryId === repositoryId && label.name.toLowerCase() === name.toLowerCase())[0] ?? null;

export interface LabelWish {
  readonly name: string;
  /** Six hex digits. */
  readonly color?: string | undefined;
  readonly description?: string | null | undefined;
}

export function createLabel(state: State, act: Act, wish: LabelWish): { readonly state: State; readonly label: Label } {
  const taken = takeId(state);
  const label: Label = {
    id: taken.id,
    repositoryId: act.repositoryId,
    name: wish.name,
    color: wish.color ?? DEFAULT_COLOR,
    description: wish.description ?? null,
  };
  return {
    state: happen({ ...taken.state, labels: put(state.labels, label.id, label) }, act, { kind: "label", action: "created", labelId: label.id }),
    label,
  };
}

/** Adds labels by name, making those the repository does not have; one the issue has already changes nothing. */
export function addLabels(state: State, act: Act, issueId: number, names: readonly string[]): State {
  let next = state;
  for (const name of names) {
    const there = labelByName(next, act.repositoryId, name);
    const made = there === null ? createLabel(next, act, { name }) : { state: next, label: there };
    const issue = known(made.state.issues, issueId, "issue");
    if (issue.labelIds.includes(made.label.id)) continue;
    const labelled: Issue = { ...issue, labelIds: [...issue.labelIds, made.label.id], updatedAt: act.at };
    next = happen({ ...made.state, issues: put(made.state.issues, issueId, labelled) }, act, {
      kind: eventOf(issue),
      action: "labeled",
      issueId,
      labelId: made.label.id,
    });
  }
  return next;
}

export function removeLabel(state: State, act: Act, issue: Issue, label: Label): State {
  const bare: Issue = { ...issue, labelIds: issue.labelIds.filter((id) => id !== label.id), updatedAt: act.at };
  return happen({ ...state, issues: put(state.issues, issue.id, bare) }, act, {
    kind: eventOf(issue),
    action: "unlabeled",
    issueId: issue.id,
    labelId: label.id,
  });
}

/** Each account that was not assigned yet is an event of its own; the others change nothing. */
export const assign = (state: State, act: Act, issueId: number, logins: readonly string[]): State => logins.reduce((next, login) => assigned(next, act, { issueId, login, on: true }), state);

export const unassign = (state: State, act: Act, issueId: number, logins: readonly string[]): State => logins.reduce((next, login) => assigned(next, act, { issueId, login, on: false }), state);

function assigned(state: State, act: Act, { issueId, login, on }: { readonly issueId: number; readonly login: string; readonly on: boolean }): State {
  const issue = known(state.issues, issueId, "issue");
  const others = issue.assignees.filter((each) => each.toLowerCase() !== login.toLowerCase());
  if ((others.length < issue.assignees.length) === on) return state;
  const changed: Issue = { ...issue, assignees: on ? [...others, login] : others, updatedAt: act.at };
  return happen({ ...state, issues: put(state.issues, issueId, changed) }, act, { kind: eventOf(issue), action: on ? "assigned" : "unassigned", issueId, assignee: login });
}

export function createComment(state: State, act: Act, issue: Issue, text: { readonly body: string; readonly viaApp: boolean }) {
  const taken = takeId(state);
  const comment = {
    ...text,
    id: taken.id,
    repositoryId: act.repositoryId,
    issueId: issue.id,
    author: act.actor,
    createdAt: act.at,
    updatedAt: act.at,
  };
  const next: State = {
    ...taken.state,
    comments: put(state.comments, comment.id, comment),
    issues: put(state.issues, issue.id, { ...issue, updatedAt: act.at }),
  };
  return { state: happen(next, act, { kind: "issue_comment", action: "created", issueId: issue.id, comment }), comment };
}

export function editComment(state: State, act: Act, commentId: number, body: string): State {
  const before = known(state.comments, commentId, "comment");
  const comment = { ...before, body, updatedAt: act.at };
  return happen({ ...state, comments: put(state.comments, commentId, comment) }, act, {
    kind: "issue_comment",
    action: "edited",
    issueId: comment.issueId,
    comment,
    previousBody: before.body,
  });
}

export function deleteComment(state: State, act: Act, commentId: number): State {
  const comment = known(state.comments, commentId, "comment");
  return happen({ ...state, comments: without(state.comments, commentId) }, act, {
    kind: "issue_comment",
    action: "deleted",
    issueId: comment.issueId,
    comment,
  });
}

/** One reaction per person, subject and content: the second time gives the first one back. */
export function react(
  state: State,
  act: Act,
  subject: Reaction["subject"],
  content: string,
): { readonly state: State; readonly reaction: Reaction; readonly created: boolean } {
  const same = (reaction: Reaction): boolean =>
    reaction.subject.kind === subject.kind && reaction.subject.id === subject.id && reaction.author === act.actor && reaction.content === content;
  const there = select(state.reactions, same)[0];
  if (there !== undefined) return { state, reaction: there, created: false };
  const taken = takeId(state);
  const reaction: Reaction = { id: taken.id, repositoryId: act.repositoryId, subject, author: act.actor, content, createdAt: act.at };
  const issueId = subject.kind === "issue" ? subject.id : known(state.comments, subject.id, "comment").issueId;
  const next: State = { ...taken.state, reactions: put(state.reactions, reaction.id, reaction) };
  return { state: happen(next, act, { kind: "reaction", issueId, subject: subject.kind, content }), reaction, created: true };
}
