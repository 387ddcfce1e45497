/** The App's one status comment on an issue: found, made, kept up to date. I4. */
import type { CommentShown } from "../../../github/read/index.ts";
import { commentEffect, editComment, findComments, removeComment, type CommentTarget, type OwnComment } from "../../../github/write/index.ts";
import { statusComment, type StatusView } from "../../../report/status-comment.ts";
import { parseStatusMarker, statusMarkerPrefix, type StatusMarker } from "../../../report/status-marker.ts";
import { hearsClicks, type AppTools, type Workplace } from "../workplace.ts";

export interface Status {
  readonly comment: OwnComment;
  readonly marker: StatusMarker;
}

export interface StatusBoard {
  /** The comment with the lowest id whose marker is whole; null when there is none. Others of ours, which another replica made at the same moment, go (I2). */
  read(): Promise<Status | null>;
  /** The same from comments that GitHub has just shown. Where one with our marker is not shown as ours, or not all are shown, it is read anew: only REST names the App. */
  readShown(shown: readonly CommentShown[] | null): Promise<Status | null>;
  /** Makes the comment, or changes `present` where the text differs. Null when somebody deleted it meanwhile: that is respected (fault 46). */
  write(present: Status | null, marker: StatusMarker, view: StatusView): Promise<Status | null>;
  /** Makes it say again what it said before. */
  putBack(present: Status, before: Status): Promise<void>;
}

export function openStatusBoard(place: Workplace, tools: AppTools, issueNumber: number): StatusBoard {
  const target: CommentTarget = { github: place.github, repository: place.repository, issueNumber, author: tools.author };
  const prefix = statusMarkerPrefix(issueNumber);

  const lowest = async (comments: readonly OwnComment[]): Promise<Status | null> => {
    const [status, ...doubles] = comments.flatMap((comment) => {
      const marker = parseStatusMarker(comment.body);
      return marker === null ? [] : [{ comment, marker }];
    });
    for (const { comment } of doubles) await removeComment(place.github, place.repository, comment.id);
    return status ?? null;
  };

  const read = async (): Promise<Status | null> => lowest(await findComments(target, prefix));

  const readShown: StatusBoard["readShown"] = async (shown) => {
    const marked = shown?.filter(({ body }) => body.startsWith(prefix)).toSorted((a, b) => a.id - b.id);
    return marked === undefined || marked.some(({ own }) => !own) ? read() : lowest(marked);
  };

  const create = async (marker: StatusMarker, body: string): Promise<Status | null> => {
    // Whoever writes without a present comment has just looked; what another replica makes now, the next look sees.
    const made = await tools.effects.apply(commentEffect(target, { marker: prefix, body, seen: null, doublesAreFoundLater: true }));
    if (!made.adopted) return { comment: { id: Number(made.id), body, url: made.url ?? "", updatedAt: new Date(tools.clock.nowMs()).toISOString() }, marker };
    const status = await read();
    return status !== null && (await edit(status, body)) ? { comment: { ...status.comment, body }, marker } : null;
  };

  const edit = (present: Status, body: string): Promise<boolean> => editComment(tools.effects, { github: place.github, repository: place.repository }, { id: present.comment.id, body });

  return {
    read,
    readShown,
    async write(present, marker, view) {
      const body = statusComment(marker, view, { boxes: hearsClicks(tools) });
      if (present === null) return create(marker, body);
      if (present.comment.body === body) return present;
      return (await edit(present, body)) ? { comment: { ...present.comment, body }, marker } : null;
    },
    async putBack(present, before) {
      if (present.comment.body !== before.comment.body) await edit(present, before.comment.body);
    },
  };
}
