import type { Repository } from "../../../github/client.ts";
import { TerminalError } from "../../../shared/errors.ts";

export interface RunAddress extends Repository {
  readonly runId: number;
}

const RUN_PATH = /^\/([A-Za-z0-9][A-Za-z0-9-]{0,38})\/([A-Za-z0-9._-]{1,100})\/actions\/runs\/([1-9][0-9]{0,14})(?:\/|$)/;
const NAME = /^([A-Za-z0-9][A-Za-z0-9-]{0,38})\/([A-Za-z0-9._-]{1,100})$/;

/** Where pages of runs are, beside a server that has its API and its pages in one place. */
const PAGES = "https://github.com";

/** The run that an id or an address means; null when it means something else. @throws TerminalError when its repository is missing or no name */
export function readRunAddress(operand: string, repository: string | undefined, apiUrl: string): RunAddress | null {
  if (/^https?:/.test(operand) && URL.canParse(operand)) {
    const { origin, pathname } = new URL(operand);
    const [, owner = "", repo = "", runId] = RUN_PATH.exec(pathname) ?? [];
    const known = origin === PAGES || (URL.canParse(apiUrl) && origin === new URL(apiUrl).origin);
    if (runId === undefined || !known) throw new TerminalError(`${operand} is no address of a run.`, `Copy it from the run's page: ${PAGES}/OWNER/NAME/actions/runs/ID.`);
    return { owner, repo, runId: Number(runId) };
  }
  const isRun = /^[1-9][0-9]{0,14}$/.test(operand);
  if (repository === undefined && isRun) throw new TerminalError(`Run ${operand} of which repository?`, "Name it: --repository OWNER/NAME. A directory of that name is meant by ./ before it.");
  if (repository === undefined) return null;
  const { owner, repo } = namedRepository(repository);
  if (!isRun) throw new TerminalError(`${JSON.stringify(operand)} is no id of a run.`, "--repository goes with the number of a run, as its address ends.");
  return { owner, repo, runId: Number(operand) };
}

/** @throws TerminalError when it is no name of a repository */
export function namedRepository(text: string): Repository {
  const [, owner, repo] = NAME.exec(text) ?? [];
  if (owner !== undefined && repo !== undefined && !/^\.{1,2}$/.test(repo)) return { owner, repo };
  throw new TerminalError(`--repository ${JSON.stringify(text)} is no name of a repository.`, "Write it like acme/shop.");
}

export interface PullAddress extends Repository {
  readonly number: number;
}

const PULL_PATH = /^\/([A-Za-z0-9][A-Za-z0-9-]{0,38})\/([A-Za-z0-9._-]{1,100})\/pull\/([1-9][0-9]{0,9})(?:\/|$)/;
const PULL_NAME = /^([A-Za-z0-9][A-Za-z0-9-]{0,38})\/([A-Za-z0-9._-]{1,100})#([1-9][0-9]{0,9})$/;

/** The pull request that `owner/name#12` or an address means; null when it means something else. */
export function readPullAddress(operand: string, apiUrl: string): PullAddress | null {
  const isUrl = /^https?:/.test(operand) && URL.canParse(operand);
  const known = isUrl && [PAGES, ...(URL.canParse(apiUrl) ? [new URL(apiUrl).origin] : [])].includes(new URL(operand).origin);
  const [, owner, repo, number] = (isUrl ? (known ? PULL_PATH.exec(new URL(operand).pathname) : null) : PULL_NAME.exec(operand)) ?? [];
  return owner === undefined || repo === undefined || /^\.{1,2}$/.test(repo) ? null : { owner, repo, number: Number(number) };
}
