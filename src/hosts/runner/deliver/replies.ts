/** The answers that this delivery owes conversations on its pull request. Loaded only where its run was started by one. */
import { replyIntents } from "../../../delivery/text/reply.ts";
import type { Intent } from "../../../delivery/index.ts";
import { readConversations, type DeliveryState } from "../../../github/read/index.ts";
import type { ItemView } from "../../../report/index.ts";
import type { Job } from "./job.ts";

/** @param reason why nothing comes of it; null where a commit does */
export async function repliesOwed({ github, admitted: { ticket }, redact }: Job, { repository }: DeliveryState, { view, reason }: { readonly view: ItemView | null; readonly reason: string | null }): Promise<readonly Intent[]> {
  if (ticket.followUp === undefined) return [];
  const conversations = await readConversations(github, { owner: repository.owner, repo: repository.repo }, ticket.followUp.pullNumber);
  return replyIntents({ ticket, conversations, view, reason, redact });
}
