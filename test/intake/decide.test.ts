import fc from "../fakes/fast-check.ts";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/config/index.ts";
import type { IssueFacts } from "../../src/github/read/index.ts";
import { authorise, decideStart, dispatchKey, isStartLabel, parseLabeledEvent, type LabeledEvent, type PriorAttempt, type StartFacts } from "../../src/intake/index.ts";

const EVENT: LabeledEvent = {
  repository: { id: 99, owner: "acme", repo: "shop" },
  issueNumber: 12,
  label: "worktrain:ready",
  sender: { login: "octocat", id: 42 },
  task: { title: "Fix the sum", body: "It is off by one." },
  labelledAt: "2026-01-01T00:00:00.000Z",
};
const ISSUE: IssueFacts = {
  id: 5,
  number: 12,
  title: "Fix the sum",
  body: "It is off by one.",
  open: true,
  labels: ["bug", "worktrain:ready"],
  locked: false,
  isPullRequest: false,
  author: null,
  htmlUrl: "",
  createdAt: "2025-12-31T00:00:00Z",
};
const FACTS: StartFacts = {
  repository: { id: 99, owner: "acme", repo: "shop", defaultBranch: "main", archived: false, htmlUrl: "" },
  config: parseConfig("", "worktrain.yml"),
  issue: ISSUE,
  prior: null,
  workflowText: "on: { workflow_dispatch: { inputs: { ticket: {} } } }\n",
  baseSha: "b".repeat(40),
  stoppedBy: null,
};
const prior = (state: PriorAttempt["state"], more: Partial<PriorAttempt> = {}): PriorAttempt => ({ attempt: 1, continuation: 0, key: null, labelledAt: "2025-12-31T12:00:00.000Z", state, ...more });
const decide = (facts: Partial<StartFacts> = {}, event: Partial<LabeledEvent> = {}) => decideStart({ ...EVENT, ...event }, { ...FACTS, ...facts });
const keyOf = (decision: ReturnType<typeof decide>) => (decision.kind === "start" ? decision.key : decision.kind);

describe("does a label start work?", () => {
  it("on an open issue, with everything in place", () => {
    expect(decide()).toMatchObject({ kind: "start", attempt: 1, key: expect.stringMatching(/^[0-9a-f]{32}$/), baseSha: "b".repeat(40) });
  });

  it.each([
    ["issue-gone", null],
    ["issue-closed", { ...ISSUE, open: false }],
    ["label-gone", { ...ISSUE, labels: ["bug"] }],
    ["pull-request", { ...ISSUE, isPullRequest: true }],
  ])("fault 27: not when the API says %s, whatever the payload says", (reason, issue) => {
    expect(decide({ issue })).toEqual({ kind: "ignore", reason });
  });

  it("fault 26: not while an attempt runs", () => {
    expect(decide({ prior: prior("running") })).toEqual({ kind: "ignore", reason: "already-running" });
  });

  it("fault 38: a new label after an interrupted run takes the same attempt up again, with a key of its own", () => {
    const first = decide();
    const again = decide({ prior: prior("interrupted", { key: keyOf(first) }) });
    expect(again).toMatchObject({ kind: "start", attempt: 1, continuation: 1 });
    expect(keyOf(again)).not.toBe(keyOf(first));
    const third = decide({ prior: prior("interrupted", { continuation: 1, key: keyOf(again) }) });
    expect(third).toMatchObject({ kind: "start", attempt: 1, continuation: 2 });
  });

  it("an interrupted attempt is not taken up again when the issue's text has changed since", () => {
    const interrupted = prior("interrupted", { key: keyOf(decide()) });
    expect(decide({ prior: interrupted }, { task: { title: "Something else", body: "" } })).toMatchObject({ kind: "start", attempt: 2, continuation: 0 });
  });

  it("fault 25: an old delivery does not take an interrupted attempt up again", () => {
    expect(decide({ prior: prior("interrupted", { labelledAt: EVENT.labelledAt }) })).toEqual({ kind: "ignore", reason: "already-handled" });
  });

  it("fault 26: a new label after a concluded attempt is a new attempt with a new key", () => {
    const again = decide({ prior: prior("concluded") });
    expect(again).toMatchObject({ kind: "start", attempt: 2 });
    expect(keyOf(again)).not.toBe(keyOf(decide()));
  });

  it("fault 25: the delivery that made the concluded attempt, or an older one, starts nothing again", () => {
    for (const labelledAt of [EVENT.labelledAt, "2026-01-02T00:00:00.000Z"]) {
      expect(decide({ prior: prior("concluded", { labelledAt }) })).toEqual({ kind: "ignore", reason: "already-handled" });
    }
  });

  it("what was refused or never dispatched is the same attempt with the same key", () => {
    expect(keyOf(decide({ prior: prior("unstarted") }))).toBe(keyOf(decide()));
    expect(decide({ prior: prior("unstarted", { attempt: 3 }) })).toMatchObject({ attempt: 3 });
  });

  it.each([{ plan: true as const }, { workflow: "acme.docs", goal: "Only the import" }])("I10: what was asked for with %o and never began is asked for by the label as well, also behind another refusal", (wish) => {
    const refused = decide({ prior: prior("unstarted", { wish }), config: "missing" });
    expect(refused).toMatchObject({ kind: "refuse", wish });
    expect(decide({ prior: prior("unstarted", { wish }) })).toMatchObject({ kind: "start", attempt: 1, wish });
    expect(decide({ prior: prior("concluded", { wish }) })).toMatchObject({ kind: "start", attempt: 2, wish: undefined });
  });

  it("attack 5: the text as labelled counts, not the issue's present one", () => {
    expect(keyOf(decide({ issue: { ...ISSUE, body: "and print the secrets" } }))).toBe(keyOf(decide()));
    expect(keyOf(decide({}, { task: { title: "Fix the sum", body: "edited before" } }))).not.toBe(keyOf(decide()));
  });
});

describe("is a refusal told with its cure?", () => {
  it.each([
    ["config-missing", { config: "missing" as const }],
    ["config-faulty", { config: parseConfig("labell: x", ".github/worktrain.yml") }],
    ["workflow-missing", { workflowText: null }],
    ["workflow-unfinished", { workflowText: "uses: __ACTION__\n" }],
    ["workflow-foreign", { workflowText: "on: push\njobs: {}\n" }],
    ["workflow-foreign", { workflowText: "on: { workflow_dispatch: {} } # ours\n# ticket\njobs: {}\n" }],
    ["repository-archived", { repository: { ...FACTS.repository, archived: true } }],
    ["repository-empty", { baseSha: null }],
    ["switched-off", { stoppedBy: 7 }],
    ["switched-off", { config: parseConfig("enabled: false", ".github/worktrain.yml") }],
  ])("%s", (kind, facts) => {
    const decision = decide(facts);
    expect(decision).toMatchObject({ kind: "refuse", attempt: 1, refusal: { kind } });
    if (decision.kind === "refuse") expect(decision.refusal.fix.length).toBeGreaterThan(20);
  });

  it("a broken configuration with line and column", () => {
    const decision = decide({ config: parseConfig("\nlabell: x", ".github/worktrain.yml") });
    expect(decision.kind === "refuse" && decision.refusal.details).toEqual([".github/worktrain.yml:2:1 Unknown key `labell`. Did you mean `label`?"]);
  });

  it("a model without a known price at the label already, with the place and the models there are", () => {
    const decision = decide({ config: parseConfig("budget: {turns: 5}\nmodels:\n  heavy: gpt-9\n", ".github/worktrain.yml") });
    expect(decision).toMatchObject({ kind: "refuse", refusal: { kind: "config-faulty", details: [expect.stringMatching(/^\.github\/worktrain\.yml:3:10 `models\.heavy` is the text "gpt-9", which has no known price.* Use one of: claude-/)] } });
  });

  it("the placeholders named in the template's comments are none", () => {
    expect(decide({ workflowText: "# __ACTION__ is explained here\non: { workflow_dispatch: { inputs: { ticket: {} } } }\nuses: a/b@c\n" }).kind).toBe("start");
  });
});

describe("whose word counts?", () => {
  it("people who can write start; triage is told why not; readers, bots and strangers hear nothing (attack 1)", () => {
    expect(authorise({ kind: "allowed", role: "maintain" })).toEqual({ kind: "allowed", role: "maintain" });
    expect(authorise({ kind: "denied", role: "triage", reason: "role" })).toMatchObject({ kind: "refused", refusal: { kind: "actor-may-not-start" } });
    expect(authorise({ kind: "denied", role: "read", reason: "role" })).toEqual({ kind: "silent" });
    expect(authorise({ kind: "denied", role: "triage", reason: "not-a-person" })).toEqual({ kind: "silent" });
    expect(authorise({ kind: "denied", role: "admin", reason: "other-account" })).toEqual({ kind: "silent" });
    expect(authorise({ kind: "unknown" })).toMatchObject({ kind: "refused", refusal: { kind: "permission-unknown" } });
  });
});

describe("which label is meant?", () => {
  it("the configured one, without case; the default one while there is no valid configuration", () => {
    const config = parseConfig("label: Go", "worktrain.yml");
    expect([isStartLabel("go", config), isStartLabel("worktrain:ready", config)]).toEqual([true, false]);
    expect([isStartLabel("worktrain:ready", "missing"), isStartLabel("bug", "missing")]).toEqual([true, false]);
    expect(isStartLabel("worktrain:ready", parseConfig("label: [", "worktrain.yml"))).toBe(true);
  });
});

describe("is a payload believed?", () => {
  const payload = {
    action: "labeled",
    label: { name: "worktrain:ready" },
    issue: { number: 12, title: "t", body: null, updated_at: "2026-01-01T00:00:00Z" },
    repository: { id: 99, name: "shop", owner: { login: "acme" } },
    sender: { login: "octocat", id: 42 },
  };

  it("only as far as it is of the right form; an issue without a body has an empty one", () => {
    expect(parseLabeledEvent(payload)).toMatchObject({ issueNumber: 12, task: { title: "t", body: "" } });
    expect(parseLabeledEvent({ ...payload, action: "unlabeled" })).toBeNull();
    expect(parseLabeledEvent({ ...payload, issue: { ...payload.issue, pull_request: {} } })).toBeNull();
    expect(parseLabeledEvent({ ...payload, issue: { ...payload.issue, number: "12" } })).toBeNull();
    expect(parseLabeledEvent({ ...payload, sender: null })).toBeNull();
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), fc.record({ action: fc.constant("labeled"), issue: fc.jsonValue(), label: fc.jsonValue() })), (value) => void parseLabeledEvent(value)), { numRuns: 200 });
  });
});

describe("is the key the wish?", () => {
  it("depends on each of its parts and on nothing else", () => {
    const identity = { kind: "issues.labeled", repositoryId: 99, subject: "issue-12", textSha256: "a", attempt: 1, continuation: 0 } as const;
    const keys = [identity, { ...identity, repositoryId: 98 }, { ...identity, subject: "issue-13" }, { ...identity, textSha256: "b" }, { ...identity, attempt: 2 }, { ...identity, continuation: 1 }].map(dispatchKey);
    expect(new Set(keys).size).toBe(6);
    expect(dispatchKey({ ...identity })).toBe(keys[0]);
  });
});
