import { disarmAutoMerge, editComment, findComments, fitComment, readArmedByBots } from "../../../github/write/index.ts";
import { notFollowedUpText, tellNotFollowedUp, type NotFollowedUp } from "../starting/not-followed-up.ts";
import { orLogged, type AppTools, type Workplace } from "../workplace.ts";

export interface Disarming extends NotFollowedUp {
  /** The pull request's own; it may be asked to go elsewhere as well. */
  readonly branch: string;
}

export interface Disarmed {
  /** How many pull requests a bot had armed. */
  readonly found: number;
  /** How many of them GitHub left armed. */
  readonly left: number;
}

/**
 * Disarms what a bot armed on one pull request, and says so once for a commit and a reason; says nothing where nothing is armed. It is said first: an
 * App that ends in between leaves something armed, which is found by looking, and nothing that was disarmed without a word (I4). Where GitHub
 * leaves it armed its words and what to do take the place of that.
 * @param refusal why, and what to do
 */
export async function disarmAndTell(place: Workplace, tools: AppTools, { branch, ...wish }: Disarming): Promise<Disarmed> {
  const { github, repository } = place;
  const armed = (await readArmedByBots(github, repository, branch)).filter(({ number }) => number === wish.pullNumber);
  if (armed.length === 0) return { found: 0, left: 0 };
  const told = saying(wish, "WorkTrain disarms auto-merge, which it had armed for the commit that it delivered.", "");
  const target = { github, repository, issueNumber: wish.issueNumber, author: tools.author };
  // Nothing keeps it from being disarmed: a comment that GitHub does not take now is tried again below.
  const comment = await orLogged(place, tools, { what: "that auto-merge is disarmed could not be said before" }, async () => {
    const [seen = null] = await findComments(target, notFollowedUpText(told).marker);
    const { id } = await tellNotFollowedUp(place, tools, told, seen === null ? null : { id: String(seen.id), url: seen.url });
    return { id: Number(id), body: seen?.body ?? notFollowedUpText(told).body };
  });
  const words: string[] = [];
  for (const { nodeId } of armed) {
    const said = await disarmAutoMerge(github, nodeId);
    if (said !== null) words.push(said);
  }
  const now = words.length === 0 ? told : saying(wish, `Auto-merge, which WorkTrain had armed for the commit that it delivered, could not be disarmed: "${words.join('", "')}".`, 'Press "Disable auto-merge" on the pull request. ');
  const { body } = notFollowedUpText(now);
  if (comment === undefined) await tellNotFollowedUp(place, tools, now);
  else if (comment.body !== fitComment(body)) await editComment(tools.effects, place, { id: comment.id, body });
  return { found: armed.length, left: words.length };
}

/** What becomes of it stands behind the reason, what a person does about it before the rest. */
const saying = ({ refusal: { message, fix }, ...wish }: NotFollowedUp, said: string, cure: string): NotFollowedUp => ({ ...wish, refusal: { message: `${message} ${said}`, fix: `${cure}${fix}` } });
