/**
 * What an agent can be spawned as. Prompt and tools of a role are a shipped workflow, `workflows/roles/`, so that they can be read,
 * checked and replaced like any other; what it is given of its parent's work is said here.
 */
export const ROLES = {
  researcher: { workflowId: "wr.role-researcher", context: "inherit", seesChange: false, keepsFiles: false, tells: "finds out how something is and where, and changes nothing" },
  challenger: { workflowId: "wr.role-challenger", context: "blank", seesChange: false, keepsFiles: false, tells: "looks for what is wrong with a plan or a claim, and changes nothing" },
  implementer: { workflowId: "wr.role-implementer", context: "inherit", seesChange: false, keepsFiles: true, tells: "makes one change to the files" },
  reviewer: { workflowId: "wr.role-reviewer", context: "blank", seesChange: true, keepsFiles: false, tells: "judges the change so far, and changes nothing" },
  verifier: { workflowId: "wr.role-verifier", context: "blank", seesChange: true, keepsFiles: false, tells: "runs commands to find out whether a claim holds" },
} as const satisfies Record<string, { readonly workflowId: string; readonly context: "inherit" | "blank"; readonly seesChange: boolean; readonly keepsFiles: boolean; readonly tells: string }>;

export type Role = keyof typeof ROLES;
export const ROLE_NAMES = ["researcher", "challenger", "implementer", "reviewer", "verifier"] as const satisfies readonly Role[];

/** Whether a session in this role is told the change so far; one that was not spawned in a role is not. */
export const seesChange = (role: string | null): boolean => ROLE_NAMES.some((name) => name === role && ROLES[name].seesChange);
