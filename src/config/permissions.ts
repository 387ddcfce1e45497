/** `permissions` of the config: who may give which command in a comment. */
import { z } from "zod";

/** Of a repository on GitHub, the least first. */
export const COMMAND_ROLES = ["triage", "write", "maintain", "admin"] as const;
export type CommandRole = (typeof COMMAND_ROLES)[number];

/** What only tells or stops something may be opened to people who cannot write. */
const telling = (name: string) => z.enum(COMMAND_ROLES).default("write").describe(`The least role for \`/worktrain ${name}\`.`);
/** What spends money or publishes is never opened to them (attack 1). */
const doing = (name: string, alike = "") => z.enum(["write", "maintain", "admin"]).default("write").describe(`The least role for \`/worktrain ${name}\`${alike}.`);

export const permissionsSchema = z.strictObject({
  help: telling("help"),
  status: telling("status"),
  config: telling("config"),
  cancel: telling("cancel"),
  run: doing("run", ", and to have an issue worked on by its label or by assigning it"),
  plan: doing("plan"),
  review: doing("review", ", and to have a pull request reviewed by its label or by Re-run"),
  approve: doing("approve"),
  merge: doing("merge"),
  reject: doing("reject"),
  resume: doing("resume"),
  retry: doing("retry"),
  fix: doing("fix"),
  why: doing("why"),
  explain: doing("explain"),
  verify: doing("verify"),
});

/** Whether a role is at least another. */
export const isAtLeast = (role: CommandRole, least: CommandRole): boolean => COMMAND_ROLES.indexOf(role) >= COMMAND_ROLES.indexOf(least);
