/** Buttons of a completed check run. A click is told to the App that made it, and to no other (P-check-buttons). */

export type CheckActionName = "fix" | "approve" | "explain";

export interface CheckAction {
  readonly label: string;
  readonly description: string;
  readonly identifier: string;
}

/** GitHub shows at most three, and takes 20 characters of a label, 40 of a description, 20 of an identifier (P-check-runs). */
export const BUTTONS: Readonly<Record<CheckActionName, Pick<CheckAction, "label" | "description">>> = {
  fix: { label: "Fix these", description: "Work on the findings that are left" },
  approve: { label: "Approve", description: "Open the gate that the work waits at" },
  explain: { label: "Explain", description: "Say in a comment what was done and why" },
};

const isName = (name: string): name is CheckActionName => Object.hasOwn(BUTTONS, name);

export const checkActions = (names: readonly CheckActionName[]): readonly CheckAction[] => names.map((name) => ({ ...BUTTONS[name], identifier: name }));

/** What a click asks for; null for an identifier that we never gave. */
export const readCheckAction = (identifier: string): CheckActionName | null => (isName(identifier) ? identifier : null);
