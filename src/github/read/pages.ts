import { TerminalError } from "../../shared/errors.ts";
import type { GitHub } from "../client.ts";

/** The most GitHub's lists give at once. */
const PER_PAGE = 100;

export interface PagedRequest<T> {
  readonly route: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Parses one page's body; throws when it is not what GitHub documents. */
  readonly items: (data: unknown) => readonly T[];
  /** Pages read at most: a list that never ends is a fault of the server. */
  readonly maxPages: number;
}

/**
 * All items of a list, page by page, in the order GitHub gives them.
 * @throws TerminalError when there are more than `maxPages` pages: acting on a part of a list would be a lie
 */
export async function allPages<T>(github: GitHub, request: PagedRequest<T>): Promise<readonly T[]> {
  const { items, isWhole } = await readPages(github, request);
  if (isWhole) return items;
  throw new TerminalError(`${request.route} has more than ${request.maxPages * PER_PAGE} entries.`, "Ask for a narrower list, or remove old entries.");
}

/** The first items of a list whose order says which count most, and no more than `maxPages` pages of them. */
export const firstPages = async <T>(github: GitHub, request: PagedRequest<T>): Promise<readonly T[]> => (await readPages(github, request)).items;

async function readPages<T>(github: GitHub, request: PagedRequest<T>): Promise<{ readonly items: readonly T[]; readonly isWhole: boolean }> {
  const all: T[] = [];
  for (let page = 1; page <= request.maxPages; page += 1) {
    const response = await github.request(request.route, { ...request.parameters, per_page: PER_PAGE, page });
    const items = request.items(response.data);
    all.push(...items);
    if (items.length < PER_PAGE) return { items: all, isWhole: true };
  }
  return { items: all, isWhole: false };
}
