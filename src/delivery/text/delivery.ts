import type { Ticket } from "../../github/trust/index.ts";
import type { DeliveryProof } from "../../record/index.ts";
import type { ItemView, Proof } from "../../report/index.ts";
import type { Redact } from "../../shared/redact.ts";
import type { Change } from "../change.ts";

/** Everything the texts of one delivery are made from. */
export interface Delivery {
  readonly ticket: Ticket;
  /** Secrets already taken out of what it shows. */
  readonly view: ItemView;
  readonly change: Change;
  readonly proof: Proof;
  /** The same as the record keeps it. */
  readonly recorded: DeliveryProof;
  readonly runUrl: string;
  /** The agent job's report as a page; null where it left none. */
  readonly reportUrl: string | null;
  /** The repository's pull request template as it stands on the default branch; null where it has none, or none of several is the one to take. */
  readonly template: string | null;
  /** Markdown lines a reader must mind, e.g. that the base branch has moved. */
  readonly notes: readonly string[];
  readonly redact: Redact;
}
