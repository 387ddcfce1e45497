/**
 * What GitHub says right now, asked again before each write.
 *
 * I9. Label and opened paths come from the default branch's config. I10. The requester's permission is checked by API at the
 * time of the effect (fault 52).
 */
import { z } from "zod";
import { CONFIG_PATH, parseConfig, type Config } from "../../../config/index.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { parseAnswer } from "../../../github/parse-answer.ts";
import { readBranchHead, readFile, readIssue, readPermission } from "../../../github/read/index.ts";
import { hasStatus } from "../../../github/request-error.ts";
import { permissionVerdict, type Ticket } from "../../../github/trust/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { Admitted } from "./admit.ts";

/** `withdrawn`: a person took it back. `not-allowed`: who asked may not any more. */
export type LiveRefusal = Refusal<"withdrawn" | "not-allowed" | "archived" | "bad-config" | "base-rewritten">;

export interface Authority {
  /** The requester's role. */
  readonly role: string;
}

/** The config on the default branch as it is now. */
export async function readLiveConfig(github: GitHub, { repository, facts }: Admitted): Promise<Result<Config, LiveRefusal>> {
  const file = await readFile(github, repository, { path: CONFIG_PATH, ref: facts.defaultBranch });
  const config = parseConfig(file?.text ?? null, CONFIG_PATH);
  if (config.ok && !(file !== null && file.text === null)) return config;
  const fault = config.ok ? undefined : config.error[0];
  return err({
    kind: "bad-config",
    message: fault === undefined ? `${CONFIG_PATH} cannot be read as text.` : `${CONFIG_PATH}:${fault.line}: ${fault.message}`,
    fix: fault?.fix ?? "Mend the file on the default branch, then label the issue again.",
  });
}

/** Whether the item may still be published: issue open and labelled, its requester allowed, repository alive. */
export async function readAuthority(github: GitHub, { repository, facts, ticket }: Admitted, config: Config): Promise<Result<Authority, LiveRefusal>> {
  if (facts.archived) return refuse("archived", "The repository is archived.", "Take it out of the archive, then label the issue again.");
  const issue = await readIssue(github, repository, ticket.issueNumber);
  if (issue === null) return refuse("withdrawn", `Issue ${ticket.issueNumber} is gone.`, "There is nothing to do.");
  if (!issue.open) return refuse("withdrawn", `Issue ${ticket.issueNumber} was closed while the work went on.`, `Reopen it and add the label ${config.label} again, if the work is still wanted.`);
  if (!issue.labels.some((label) => label.toLowerCase() === config.label.toLowerCase())) {
    return refuse("withdrawn", `The label ${config.label} was taken off while the work went on.`, "Add it again, if the work is still wanted.");
  }
  const { login, id } = ticket.trigger.actor;
  const verdict = permissionVerdict(await readPermission(github, repository, login), id);
  if (verdict.kind === "allowed") return ok({ role: verdict.role });
  const why = verdict.kind === "unknown" ? "GitHub does not say now what they may do" : "they may not write to the repository any more";
  return refuse("not-allowed", `${login} asked for this work; ${why}.`, "Somebody with write permission can label the issue again.");
}

const compareSchema = z.object({ status: z.enum(["diverged", "ahead", "behind", "identical"]) });

/**
 * Whether what the work builds on is still part of the base branch (fault 51).
 * @returns the lines a reader must mind: none, or that the branch has moved on
 */
export async function readBase(github: GitHub, repository: Repository, { ticket, base }: { readonly ticket: Ticket; readonly base: string }): Promise<Result<readonly string[], LiveRefusal>> {
  const { ref } = ticket.base;
  const head = await readBranchHead(github, repository, ref);
  if (head === null) return refuse("base-rewritten", `The branch ${ref} that the work builds on is gone or renamed.`, "Label the issue again: the work starts from the present default branch.");
  if (head === base) return ok([]);
  const status = await compare(github, repository, { base, head });
  if (status === "ahead" || status === "identical") return ok([`\`${ref}\` has moved on since the work began; the checks above are about the work's own base.`]);
  return refuse("base-rewritten", `The branch ${ref} does not hold the commit ${base} any more that the work builds on.`, "Label the issue again: the work starts from the present state.");
}

async function compare(github: GitHub, repository: Repository, { base, head }: { readonly base: string; readonly head: string }): Promise<z.infer<typeof compareSchema>["status"] | null> {
  const route = "GET /repos/{owner}/{repo}/compare/{basehead}";
  try {
    const { data } = await github.request(route, { ...repository, basehead: `${base}...${head}`, per_page: 1 });
    return parseAnswer(compareSchema, data, route).status;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

const refuse = (kind: LiveRefusal["kind"], message: string, fix: string): Result<never, LiveRefusal> => err({ kind, message, fix });
