/** The App's one status comment on an issue: found, made, kept up to date. I4. */
import { commentEffect, editComment, findComments, type CommentTarget, type OwnComment } from "../../github/write/index.ts";
import { statusComment, type StatusView } from "../../report/status-comment.ts";
import { parseStatusMarker, statusMarkerPrefix, type StatusMarker } from "../../report/status-marker.ts";
import type { AppTools, Workplace } from "./workplace.ts";

export interface Status {
  readonly comment: OwnComment;
  readonly marker: StatusMarker;
}

export interface StatusBoard {
  /** The comment with the lowest id whose marker is whole; null when there is none. */
  read(): Promise<Status | null>;
  /** Makes the comment, or changes `present` where the text differs. Null when somebody deleted it meanwhile: that is respected (fault 46). */
  write(present: Status | null, marker: StatusMarker, view: StatusView): Promise<Status | null>;
}

export function openStatusBoard(place: Workplace, tools: AppTools, issueNumber: number): StatusBoard {
  const target: CommentTarget = { github: place.github, repository: place.repository, issueNumber, author: tools.author };
  const prefix = statusMarkerPrefix(issueNumber);

  const read = async (): Promise<Status | null> => {
    for (const comment of await findComments(target, prefix)) {
      const marker = parseStatusMarker(comment.body);
      if (marker !== null) return { comment, marker };
    }
    return null;
  };

  const create = async (body: string): Promise<Status | null> => {
    const made = await tools.effects.apply(commentEffect(target, prefix, body));
    const status = await read();
    if (status === null || !made.adopted) return status;
    return (await edit(status, body)) ? read() : null;
  };

  const edit = (present: Status, body: string): Promise<boolean> => editComment(place.github, place.repository, { id: present.comment.id, body });

  return {
    read,
    async write(present, marker, view) {
      const body = statusComment(marker, view);
      if (present === null) return create(body);
      if (present.comment.body === body) return present;
      return (await edit(present, body)) ? { comment: { ...present.comment, body }, marker } : null;
    },
  };
}
