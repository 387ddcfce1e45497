/** How the same is asked for once more, by how it was asked for: who is refused is told what they can do, and not what somebody else had done. */
const AGAIN = {
  label: "Remove the label and add it again",
  assignment: "Unassign the issue and assign it again",
  opened: "Write the command in a comment",
  command: "Write the command again",
  "re-run": "Press Re-run again",
  pull_request: "Write `/worktrain review`",
  check_run: "Run a failed check again",
  pull_request_review: "Ask for the changes again",
  pull_request_review_comment: "Say it again in the conversation",
  "nobody-yet": "Set the label on an issue",
  push: "Push to the default branch again, or resolve the conflict by hand",
} as const;

/** `opened`: a command in the text of a new issue. From `pull_request` on: nobody asked by name, but that happened. `nobody-yet`: it is being set up. */
export type Asking = keyof typeof AGAIN;

/** The beginning of a sentence. */
export const againBy = (asking: Asking): string => AGAIN[asking];

/** A sentence behind what is to be mended first. */
export const thenAgainBy = (asking: Asking): string => `Then ${AGAIN[asking].charAt(0).toLowerCase()}${AGAIN[asking].slice(1)}.`;
