/** Everything that would be published, letter by letter, as Markdown of ours. Pure. */
import { CHECK_NAME } from "../../record/index.ts";
import { code, counted, plain } from "../../report/index.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { Change } from "../change.ts";
import type { Intent } from "../intents.ts";

/** @param kept where the change is as a patch; null where it is nowhere */
export const stagedPreview = (intents: readonly Intent[], kept: string | null): string =>
  [`Nothing was published: \`staged\` is on. These ${counted(intents.length, "effect")} would follow, in this order.`, ...intents.map((intent, index) => `#### ${index + 1}. ${shown(intent)}`), ...(kept === null ? [] : [kept])].join("\n\n");

function shown(intent: Intent): string {
  switch (intent.kind) {
    case "branch":
      return `Branch ${code(intent.branch)}\n\nOne commit on ${code(intent.from?.sha ?? intent.change.base)} with tree ${code(intent.change.tree)}, and the record ref ${code(intent.record.ref)} with it.\n\n${block(intent.message)}\n\n${files(intent.change)}`;
    case "record":
      return `Record ref ${code(intent.record.ref)}\n\n${block(intent.record.message)}`;
    case "pull-request":
      return `Pull request from ${code(intent.branch)} into ${code(intent.base)}\n\n**${plain(intent.title)}**\n\n${block(intent.body)}`;
    case "review":
      return [`Review of #${intent.pullNumber} at ${code(intent.headSha)}\n\n${block(intent.body)}`, ...intent.comments.map(({ path, line, body }) => `On ${code(`${path}:${line}`)}:\n\n${block(body)}`)].join("\n\n");
    case "check-run":
      return `Check run ${code(CHECK_NAME)} on ${intent.headSha === undefined ? "that commit" : code(intent.headSha)}: ${intent.conclusion}\n\n**${plain(intent.title)}**\n\n${block(intent.summary)}\n\n${block(intent.text)}`;
    case "comment":
      return `Comment on #${intent.issueNumber}\n\n${block(intent.body)}`;
    case "sub-issue":
      return `Sub-issue ${intent.place} of #${intent.parent}, without a label\n\n**${plain(intent.title)}**\n\n${block(intent.body)}`;
    case "thread":
      return `Answer in the thread of comment ${intent.commentId} on #${intent.pullNumber}${intent.resolve ? ", which is resolved with it" : ""}\n\n${block(intent.body)}`;
    case "reply":
      return `Answer in the conversation of comment ${intent.commentId} on #${intent.pullNumber}\n\n${block(intent.body)}`;
    case "stale-check":
      return `Check runs ${code(CHECK_NAME)} on ${code(intent.headSha)} say that ${code(intent.supersededBy)} superseded it`;
    case "disarm":
      return `GitHub's auto-merge of ${code(intent.from)}, where WorkTrain armed it, is disarmed before the branch ${code(intent.branch)} moves`;
    case "auto-merge":
      return `GitHub's auto-merge (${intent.method}) for that commit`;
    default:
      return unreachable(intent);
  }
}

const MOST_FILES = 200;

function files({ files: all }: Change): string {
  const lines = all.slice(0, MOST_FILES).map((file) => `- ${code(file.path)}${file.kind === "deleted" ? " deleted" : ` (${file.mode}, ${file.bytes.byteLength} bytes)`}`);
  return [...lines, ...(all.length > MOST_FILES ? [`- and ${all.length - MOST_FILES} more`] : [])].join("\n");
}

/** As it would be sent; the fence is longer than any in it, so that nothing in it ends it. */
function block(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}markdown\n${text.trimEnd()}\n${fence}`;
}
