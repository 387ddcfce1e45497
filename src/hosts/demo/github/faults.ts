/** A fault that a test orders. */
export interface FaultOrder {
  readonly method: string;
  /** As in the log: a template, e.g. `/repos/{owner}/{repo}/issues/{issue_number}/comments`, or `/graphql#` and a name. */
  readonly route: string;
  /** Answer with this status instead of doing it; default 500. Ignored with `dropResponseAfterApplying`. */
  readonly status?: number;
  /** What the answer says; clients tell a secondary rate limit by it. */
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Do it, then cut the connection without an answer. */
  readonly dropResponseAfterApplying?: boolean;
  /** How many matching requests it hits; default 1. */
  readonly times?: number;
}

/** The faults still to come. */
export class Faults {
  #orders: readonly (FaultOrder & { readonly left: number })[] = [];

  order(fault: FaultOrder): void {
    this.#orders = [...this.#orders, { ...fault, left: fault.times ?? 1 }];
  }

  /** Takes the fault that this request meets, if any. */
  take(method: string, route: string): FaultOrder | null {
    const hit = this.#orders.find((order) => order.method === method && order.route === route);
    if (hit === undefined) return null;
    this.#orders = this.#orders.map((order) => (order === hit ? { ...order, left: order.left - 1 } : order)).filter((order) => order.left > 0);
    return hit;
  }
}
