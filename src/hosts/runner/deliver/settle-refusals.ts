/** A run was refused and this later one published: the comment that told of the refusal says so, and asks nobody to do anything any more. */
import type { Repository } from "../../../github/client.ts";
import { createEffectRunner, editComment, findComments } from "../../../github/write/index.ts";
import { REFUSED_HEADLINE } from "./conclude.ts";
import type { Job } from "./job.ts";

/** Loaded and asked only where the record tells of a refusal. No delivery hangs on it. */
export async function settleRefusals(job: Job, repository: Repository, pullNumber: string): Promise<void> {
  const { ports, admitted: { ticket } } = job;
  try {
    const { github, publisher } = await job.access("comment");
    const author = { appId: publisher.appId, botLogin: publisher.botLogin };
    const target = { github, repository, issueNumber: ticket.issueNumber, author };
    for (const { id, body } of await findComments(target, `<!-- worktrain:comment ${ticket.item} key=`)) {
      const [marker = "", ...said] = body.split("\n");
      if (!said[0]?.startsWith(`**${REFUSED_HEADLINE}**`)) continue;
      await editComment(createEffectRunner({ clock: ports.clock }), target, { id, body: `${marker}\n**Settled:** a later run published, see #${pullNumber}.\n\n<details><summary>What was refused before</summary>\n\n${said.join("\n")}\n\n</details>` });
    }
  } catch (error) {
    ports.log(`What was refused before could not be marked as settled: ${error instanceof Error ? error.message : String(error)}`);
  }
}
