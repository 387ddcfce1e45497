/** What the demo can play, one folder each: a repository with real tests, what people do in it, the model's turns, and how it must end. */
import type { EndingCode, PipelineMode } from "../../../record/index.ts";
import type { Role } from "../github/records.ts";
import type { Scenario } from "../model/index.ts";

export interface DemoScenario {
  /** As typed after `--scenario`; the name of its folder. */
  readonly name: string;
  /** What somebody who watches it sees, in a sentence or two. */
  readonly shows: string;
  /** How the work on each issue has to end, in the order in which the issues are opened. */
  readonly ends: readonly ItemEnd[];
  readonly repository: DemoRepository;
  /** What people do, from the first issue until nothing is left to wait for. */
  readonly people: (people: People) => Promise<void>;
  /** What the model does: it acts through the real tools and goes by what they answer. */
  readonly model: Scenario;
}

/** What people can do in a scenario. */
export interface People {
  /** A person beside the maintainer `ada`. */
  join(login: string, role: Role): void;
  /** As ada; returns its number. */
  openIssue(issue: { readonly title: string; readonly body: string }): Promise<number>;
  /** As ada: sets the label that starts the work. */
  label(issueNumber: number): Promise<void>;
  /** As a contributor who may write: pushes a branch with these files, each with its whole text, and opens a pull request; returns its number. */
  openPull(login: string, pull: { readonly title: string; readonly body: string; readonly branch: string; readonly files: Readonly<Record<string, string>> }): Promise<number>;
  /** Returns the comment's id. */
  comment(login: string, issueNumber: number, body: string): Promise<number>;
  /** As ada, on her own machine: merges the pull request of an issue into main and pushes. */
  merge(issueNumber: number): Promise<void>;
  /** Waits until the App reacted to a comment with that. */
  untilReaction(commentId: number, content: string): Promise<void>;
  /** Waits until the work on an issue ends or stops to wait for a person; after a comment, until it does so again. */
  untilOver(issueNumber: number): Promise<void>;
}

export interface DemoRepository {
  readonly name: string;
  /** Its files; relative to the package. */
  readonly directory: string;
  /** Subject of the commit that they are pushed with. */
  readonly commit: string;
}

/**
 * An end, wished for or come: both have this shape, so that they can be compared. What came has of `says` what was really found
 * on the issue.
 */
export interface ItemEnd {
  readonly subject: `${"issue" | "pr"}-${number}`;
  /** Each run's own word on how it ended, oldest first; a run that was killed has none. */
  readonly endings: readonly EndingCode[];
  readonly mode: PipelineMode | null;
  readonly pullRequest: "none" | "open" | "merged" | "closed";
  /** Whether the base branch has commits by now that an open pull request was not made on; null where none is open. */
  readonly base: "same" | "moved" | null;
  /**
   * The repository's tests: on the commit the work began at, at the head of the pull request, and on what the base branch is with
   * it merged, now or already. Null where there is no pull request.
   */
  readonly tests: { readonly before: TestColour; readonly after: TestColour | null; readonly merged: TestColour | "conflict" | null };
  /** Findings of all reviews, those that a later review did not make again, and those whose command the host saw fail before the fix and pass after it. */
  readonly findings: { readonly made: number; readonly mended: number; readonly redThenGreen: number };
  /** The review that was posted on a pull request that a person opened, with the conclusion of its check run; absent for an issue. */
  readonly review?: { readonly state: string; readonly at: "head" | "another commit"; readonly inline: readonly string[]; readonly check: string | null } | null;
  /** Words that stand in comments on the issue. */
  readonly says: readonly string[];
}

export type TestColour = "red" | "green";
