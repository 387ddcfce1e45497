import { z } from "zod";
import type { Head } from "../record/index.ts";
import { sha256Hex } from "../shared/hash.ts";

const placeSchema = z.object({ stream: z.string(), seq: z.int() });

/** Answers whether verified lines have a given one: the hash of a line covers its newline. They are read when it is first asked. */
export function lineFinder(lines: readonly { readonly text: string }[]): (stream: string, head: Head) => boolean {
  let places: ReadonlyMap<string, string> | null = null;
  return (stream, { seq, hash }) => {
    places ??= new Map(lines.map(({ text }) => [placeOf(placeSchema.parse(JSON.parse(text))), text]));
    const text = places.get(placeOf({ stream, seq }));
    return text !== undefined && sha256Hex(`${text}\n`) === hash;
  };
}

const placeOf = ({ stream, seq }: { readonly stream: string; readonly seq: number }): string => `${stream} ${seq}`;
