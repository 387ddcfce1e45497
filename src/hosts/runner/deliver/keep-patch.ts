/**
 * Keeps paid work that may not be published where it belongs: the change as a patch among the run's artifacts, for a person to read and apply.
 *
 * I7. Nothing but the verified change is in it. A path that no repository may have (`..`, `.git`, a link that leads out) leaves none: a tool less
 * careful than git would follow it.
 */
import { changedPaths, findProtected, type Change } from "../../../delivery/index.ts";
import { changePatch, type BaseFile } from "../../../delivery/patch/change-patch.ts";
import type { Repository } from "../../../github/client.ts";
import { readTexts } from "../../../github/read/index.ts";
import { formatKeptName, parseItemId } from "../../../record/index.ts";
import { code, counted } from "../../../report/index.ts";
import { readBaseTree } from "./base-tree.ts";
import type { Job } from "./job.ts";

/** Files beyond are binary hunks: each fifty are a request of their own. */
const MOST_TEXTS = 300;

/** Where the patch is and how it is applied, as Markdown of ours; null where it could not be kept, which the log says. Does not throw */
export async function keepPatch(job: Job, repository: Repository, change: Change): Promise<string | null> {
  const { settings, ports, admitted } = job;
  const item = parseItemId(settings.item);
  if (ports.segments === null || item === null) return null;
  const [astray] = findProtected(changedPaths(change), ["**"]);
  if (astray !== undefined) return lost(job, `${astray.path} ${astray.why}`);
  try {
    const patch = await patchOf(job, repository, change);
    if (patch === null) return lost(job, `the commit ${change.base} it is against is not in the repository any more`);
    const name = formatKeptName({ item, runId: settings.runId, what: "patch" });
    const { id } = await ports.segments.put(name, Buffer.from(patch));
    return words({ url: `${admitted.run.htmlUrl}/artifacts/${id}`, name, branch: `worktrain-${item.subject}`, change });
  } catch (error) {
    return lost(job, error instanceof Error ? error.message : String(error));
  }
}

function lost({ ports }: Job, why: string): null {
  ports.log(`The change could not be kept as a patch: ${why}. It is in the run's record.`);
  return null;
}

async function patchOf({ github }: Job, repository: Repository, change: Change): Promise<string | null> {
  const tree = await readBaseTree(github, repository, change);
  if (tree === null) return null;
  const paths = new Set(change.files.map(({ path }) => path));
  const entries = tree.entries.filter(({ path, type }) => type === "blob" && paths.has(path));
  const texts = await readTexts(github, repository, { commit: change.base, paths: entries.slice(0, MOST_TEXTS).map(({ path }) => path) });
  const base = entries.map(({ path, mode, sha: oid }): [string, BaseFile] => {
    const text = texts.get(path);
    return [path, { mode, oid, text: typeof text === "string" ? text : null }];
  });
  return changePatch(change, new Map(base));
}

interface Kept {
  readonly url: string;
  readonly name: string;
  readonly branch: string;
  readonly change: Change;
}

const words = ({ url, name, branch, change }: Kept): string =>
  [
    `**The change is kept** as the artifact [${code(name)}](${url}) of the run (${counted(change.files.length, "file")}), for as long as the run's artifacts are. To go on with it by hand, download it, read it, and in a clone:`,
    `\`\`\`sh\ngit switch --create ${branch} ${change.base}\ngit apply --index ${name}\n\`\`\``,
    "On a later state of the branch, `git apply --3way` merges it.",
  ].join("\n\n");
