import { isAtLeast, type CommandRole } from "../config/index.ts";
import type { PermissionVerdict, StartRole } from "../github/trust/index.ts";
import type { Refusal } from "../shared/errors.ts";
import { unreachable } from "../shared/unreachable.ts";
import type { CommandName } from "./commands/index.ts";

export type Authorisation<Role extends CommandRole = StartRole> =
  | { readonly kind: "allowed"; readonly role: Role }
  /** Said once, to somebody who can do something about it. */
  | { readonly kind: "refused"; readonly refusal: Refusal<"actor-may-not-start" | "permission-unknown"> }
  /** Whoever may only read gets no answer: an answer would be a way to make us post (attack 1). */
  | { readonly kind: "silent" };

/** How somebody asked, in the words of a refusal. */
const ASKED = {
  label: { who: "The person who set the label", again: "Remove the label and add it again in a while.", other: "Ask somebody with write permission to remove the label and add it again." },
  assignment: { who: "The person who assigned the issue", again: "Unassign it and assign it again in a while.", other: "Ask somebody with write permission to unassign it and assign it again." },
  opened: { who: "The person who opened the issue", again: "Write the command in a comment in a while.", other: "Ask somebody with write permission to write the command in a comment." },
  "re-run": { who: "The person who pressed Re-run", again: "Press it again in a while.", other: "Ask somebody with write permission to press it." },
  command: { who: "The person who wrote the command", again: "Write the command again in a while.", other: "Ask somebody with write permission to write the command." },
} as const;

/** What the default branch's config asks of whoever gives a command, or asks for the same otherwise. */
export interface Rule {
  readonly name: CommandName;
  readonly least: CommandRole;
}

/** May this person make WorkTrain spend and publish? I10: by API, at the time of the command. */
export function authorise(verdict: PermissionVerdict, by: keyof typeof ASKED = "label", rule?: Rule): Authorisation {
  const { who, again, other } = ASKED[by];
  switch (verdict.kind) {
    case "allowed":
      return rule === undefined || isAtLeast(verdict.role, rule.least) ? { kind: "allowed", role: verdict.role } : { kind: "refused", refusal: below(rule, verdict.role, by) };
    case "unknown":
      return {
        kind: "refused",
        refusal: {
          kind: "permission-unknown",
          message: `GitHub did not say whether ${who.replace("The", "the")} may write to this repository, so nothing was started.`,
          fix: again,
        },
      };
    case "denied":
      return verdict.role === "triage" && verdict.reason === "role"
        ? {
            kind: "refused",
            refusal: {
              kind: "actor-may-not-start",
              message: `${who} has the triage role. WorkTrain spends money and publishes branches, so it starts only for people who can write.`,
              fix: other,
            },
          }
        : { kind: "silent" };
    default:
      return unreachable(verdict);
  }
}

/** May this person give this command? I10 as above */
export function authoriseCommand(verdict: PermissionVerdict, rule: Rule, by: "command" | "opened" = "command"): Authorisation<CommandRole> {
  const isTriage = verdict.kind === "denied" && verdict.role === "triage" && verdict.reason === "role";
  return isTriage && rule.least === "triage" ? { kind: "allowed", role: "triage" } : authorise(verdict, by, rule);
}

function below({ name, least }: Rule, role: StartRole, by: keyof typeof ASKED): Refusal<"actor-may-not-start"> {
  const what = by === "command" || by === "opened" ? `\`/worktrain ${name}\`` : "This";
  return {
    kind: "actor-may-not-start",
    message: `${what} takes the role ${least} here, by \`permissions.${name}\` of .github/worktrain.yml. ${ASKED[by].who} has the role ${role}.`,
    fix: ASKED[by].other.replace("write permission", `the role ${least}`),
  };
}
