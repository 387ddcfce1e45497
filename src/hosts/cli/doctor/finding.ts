/** One thing that was looked at. What cannot be known is `unknown`, never ok. */
export interface Finding {
  readonly id: string;
  readonly ok: boolean | "unknown";
  readonly what: string;
  /** What to do; null when nothing is to be done. */
  readonly cure: string | null;
}

export const good = (id: string, what: string): Finding => ({ id, ok: true, what, cure: null });
export const wrong = (id: string, what: string, cure: string): Finding => ({ id, ok: false, what, cure });
export const unknown = (id: string, what: string, cure: string): Finding => ({ id, ok: "unknown", what, cure });
