import { z } from "zod";
import { failure, json, notFound, pageOf, validationFailed } from "../reply.ts";
import { repositoryRoute, type Route } from "../route.ts";
import { known, put } from "../state.ts";
import { issueJson } from "../views/issues.ts";
import { ISSUE, onIssue } from "./issues.ts";

/** An issue holds at most 100 (docs: Adding sub-issues). */
const MOST_SUB_ISSUES = 100;

const listSubIssues = repositoryRoute({
  method: "GET",
  template: `${ISSUE}/sub_issues`,
  access: { permission: "issues", level: "read", role: "read" },
  handle: (exchange) =>
    onIssue(exchange, (state, issue) => {
      const { url, base } = exchange;
      const children = [...state.parents].flatMap(([child, parent]) => (parent === issue.id ? [issueJson({ state, base }, known(state.issues, child, "issue"))] : []));
      const page = pageOf(url, children);
      return { state, reply: json(page.items, 200, page.headers) };
    }),
});

const addSubIssue = repositoryRoute({
  method: "POST",
  template: `${ISSUE}/sub_issues`,
  access: { permission: "issues", level: "write", role: "triage" },
  body: z.object({ sub_issue_id: z.int(), replace_parent: z.boolean().optional() }),
  handle: (exchange) =>
    onIssue(exchange, (state, issue) => {
      const { act, base, body } = exchange;
      const child = state.issues.get(body.sub_issue_id);
      if (child?.repositoryId !== issue.repositoryId || child.pull !== null || issue.pull !== null) return { state, reply: notFound() };
      if (child.id === issue.id) return { state, reply: validationFailed({ resource: "Issue", code: "custom", message: "An issue cannot be its own sub-issue" }) };
      const parent = state.parents.get(child.id);
      if (parent === issue.id || (parent !== undefined && body.replace_parent !== true)) {
        return { state, reply: failure(422, "An error occured while adding the sub-issue to the parent issue. Issue may not contain duplicate sub-issues and Sub issue may only have one parent") };
      }
      if ([...state.parents.values()].filter((each) => each === issue.id).length >= MOST_SUB_ISSUES) return { state, reply: validationFailed({ resource: "Issue", code: "custom", message: `Parent cannot have more than ${MOST_SUB_ISSUES} sub-issues` }) };
      const next = { ...state, parents: put(state.parents, child.id, issue.id), issues: put(state.issues, issue.id, { ...issue, updatedAt: act.at }) };
      return { state: next, reply: json(issueJson({ state: next, base }, known(next.issues, issue.id, "issue")), 201) };
    }),
});

export const subIssueRoutes: readonly Route[] = [listSubIssues, addSubIssue];
