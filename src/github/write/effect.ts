/** One wish that GitHub be so, with a key by which it can be found again. */
export interface Effect {
  /** Deterministic: the same decision always has the same key. */
  readonly key: string;
  /** For log and error messages, e.g. "comment on issue 12". */
  readonly description: string;
  /** Looks whether it is done already; of several with the key, the lowest id. Must not write. */
  lookUp(): Promise<Found | null>;
  /** Does it; a 2xx answer confirms it. */
  write(): Promise<Confirmed>;
  /** What to do when GitHub refuses it with a status, where that is known better than in general. */
  readonly cures?: Readonly<Partial<Record<number, string>>>;
  /** Another run may be about to do it right now, and GitHub would hold both for ever: looked for late before it is written. */
  readonly contested?: boolean;
  /** Takes back a duplicate of ours when one with a lower id stays, or does nothing when it is gone; absent where GitHub cannot hold two. */
  discard?(duplicate: Confirmed): Promise<void>;
}

export interface Confirmed {
  readonly id: string;
  readonly url: string | null;
}

export interface Found extends Confirmed {
  /** The others with the key that are ours: a writer died before it took its own back. */
  readonly duplicates?: readonly Confirmed[];
}

/** A look-up whose first answer is known, since somebody looked a moment ago; that request is spared. Undefined: nobody did. */
export function lookedUp(seen: Confirmed | null | undefined, lookUp: Effect["lookUp"]): Effect["lookUp"] {
  let known = seen;
  return () => {
    if (known === undefined) return lookUp();
    const answer = known;
    known = undefined;
    return Promise.resolve(answer);
  };
}
