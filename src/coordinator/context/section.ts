/** What a context package is made of, before it is known how much of it fits. */
import type { Layer } from "../prompt/layer.ts";

/** One thing to know, such as a decision or a file. */
export interface Entry {
  /** Names it where it is left out. */
  readonly title: string;
  readonly text: string;
}

export interface Section {
  readonly name: Layer["name"];
  /** Whose words these are and where they were read. */
  readonly source: string;
  readonly trusted: boolean;
  /** The most wanted first. */
  readonly entries: readonly Entry[];
  /** Sections of a lower rank take their part of the budget first. */
  readonly rank: number;
  /** The most of the budget it may take, from 0 to 1; null: it is given whatever the budget is. */
  readonly share: number | null;
  /** How the agent can get what does not fit. */
  readonly how: string;
  /** The text as sent; with no entries what stands around them. */
  render(entries: readonly Entry[]): string;
}
