/** Trailers of the commits that WorkTrain makes: how a commit is known to be the work of an item. Anybody can write them. */

export interface Trailers {
  readonly item: string;
  readonly key: string;
}

export const ITEM_TRAILER = "WorkTrain-Item";
const KEY_TRAILER = "WorkTrain-Key";

export const formatTrailers = ({ item, key }: Trailers): string => `${ITEM_TRAILER}: ${item}\n${KEY_TRAILER}: ${key}`;

/** Our trailers in a commit's last paragraph; null when it is not a commit of ours. */
export function readTrailers(message: string): Trailers | null {
  const lines = message.trimEnd().split(/\n\s*\n/).at(-1)?.split("\n") ?? [];
  const value = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  const item = value(ITEM_TRAILER);
  const key = value(KEY_TRAILER);
  return item === undefined || key === undefined ? null : { item, key };
}
