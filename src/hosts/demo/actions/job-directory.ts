/** The disk of one job: a tree of its own, laid out as on a hosted runner, new for every job. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../shared/json.ts";
import type { QueuedRun } from "../github/actions-port.ts";

export interface JobDirectory {
  readonly root: string;
  readonly workspace: string;
  readonly temp: string;
  readonly home: string;
  readonly actions: string;
  readonly toolCache: string;
  readonly eventPath: string;
}

/** Makes the tree for a job. @param root must not exist */
export function createJobDirectory(root: string, run: QueuedRun): JobDirectory {
  const { name } = run.repository;
  const directory = {
    root,
    workspace: join(root, "work", name, name),
    temp: join(root, "work", "_temp"),
    home: join(root, "home"),
    actions: join(root, "work", "_actions"),
    toolCache: join(root, "hostedtoolcache"),
    eventPath: join(root, "work", "_temp", "_github_workflow", "event.json"),
  };
  mkdirSync(dirname(root), { recursive: true });
  mkdirSync(root);
  for (const path of [directory.workspace, directory.home, directory.actions, directory.toolCache, dirname(directory.eventPath)]) mkdirSync(path, { recursive: true });
  writeFileSync(directory.eventPath, JSON.stringify(eventPayload(run), null, 2));
  return directory;
}

/** The event's payload; for a dispatch that of `workflow_dispatch` (GitHub docs: webhook events), with what is known of the repository. */
export function eventPayload({ inputs, headBranch, repository, workflowPath, actor, payload }: QueuedRun): JsonObject {
  if (payload !== undefined) return payload;
  const { id, owner, ownerId, name, defaultBranch } = repository;
  return {
    inputs,
    ref: `refs/heads/${headBranch}`,
    repository: {
      id,
      name,
      full_name: `${owner}/${name}`,
      private: repository.private,
      owner: { login: owner, id: ownerId },
      html_url: `https://github.com/${owner}/${name}`,
      default_branch: defaultBranch,
    },
    sender: { login: actor },
    workflow: workflowPath,
  };
}

const COMMAND_FILES = ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"] as const;
export type CommandFileName = (typeof COMMAND_FILES)[number];

export interface CommandFiles {
  /** The variables that name the files. */
  readonly variables: Readonly<Record<CommandFileName, string>>;
  read(file: CommandFileName): string;
}

/** New, empty command files for one step. */
export function createCommandFiles(directory: JobDirectory): CommandFiles {
  const folder = join(directory.temp, "_runner_file_commands");
  mkdirSync(folder, { recursive: true });
  const suffix = randomUUID();
  const path = (file: CommandFileName): string => join(folder, `${file.slice("GITHUB_".length).toLowerCase()}_${suffix}`);
  for (const file of COMMAND_FILES) writeFileSync(path(file), "");
  const variables = {
    GITHUB_OUTPUT: path("GITHUB_OUTPUT"),
    GITHUB_ENV: path("GITHUB_ENV"),
    GITHUB_PATH: path("GITHUB_PATH"),
    GITHUB_STATE: path("GITHUB_STATE"),
    GITHUB_STEP_SUMMARY: path("GITHUB_STEP_SUMMARY"),
  };
  return { variables, read: (file) => readFileSync(path(file), "utf8") };
}
