import { createHmac, randomUUID } from "node:crypto";
import type { Clock, Fetch } from "../../../../shared/ports.ts";
import type { Webhook } from "./payloads.ts";

/** github.com waits this long for the answer to a webhook (docs: best practices for using webhooks). */
const DELIVERY_TIMEOUT_MS = 10_000;

/** One attempt to deliver a webhook. */
export interface Delivery {
  readonly id: number;
  /** `X-GitHub-Delivery`: the same on redelivery. */
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly deliveredAt: string;
  readonly redelivery: boolean;
  readonly outcome: { readonly kind: "answered"; readonly status: number } | { readonly kind: "failed"; readonly reason: string };
  readonly durationMs: number;
  /** The exact text that was signed. */
  readonly payload: string;
}

type Message = Pick<Delivery, "guid" | "event" | "action" | "payload" | "redelivery">;

export interface DelivererOptions {
  readonly secret: string;
  readonly appId: number;
  readonly clock: Pick<Clock, "nowMs">;
  readonly fetch: Fetch;
}

/**
 * Signs webhooks and sends them to one address. Nothing is retried on its own, as on GitHub: a failed delivery is lost
 * until somebody redelivers it.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #log: Delivery[] = [];
  readonly #underway = new Set<Promise<void>>();
  #url: string | null;
  #nextId = 1;

  constructor(url: string | null, options: DelivererOptions) {
    this.#url = url;
    this.#options = options;
  }

  setUrl(url: string | null): void {
    this.#url = url;
  }

  /** Oldest first. */
  get deliveries(): readonly Delivery[] {
    return this.#log;
  }

  /**
   * Delivers a webhook that is being made (null: there is none); `settled` tells when it is over.
   * Without an address nothing is sent or noted; one that could not be made is noted as failed.
   */
  send(event: string, making: Promise<Webhook | null>): void {
    const done = this.#sendMade(event, making).finally(() => this.#underway.delete(done));
    this.#underway.add(done);
  }

  async #sendMade(event: string, making: Promise<Webhook | null>): Promise<void> {
    const message = { guid: randomUUID(), event, action: null, redelivery: false };
    try {
      const webhook = await making;
      if (webhook === null || this.#url === null) return;
      const action = typeof webhook.payload["action"] === "string" ? webhook.payload["action"] : null;
      await this.#deliver({ ...message, action, payload: JSON.stringify(webhook.payload) });
    } catch (error) {
      this.#note(
        { ...message, payload: "" },
        { kind: "failed", reason: `The payload could not be made: ${String(error)}` },
        this.#options.clock.nowMs(),
      );
    }
  }

  /** Sends a noted delivery again: same identifier, same payload. */
  async redeliver(id: number): Promise<Delivery> {
    const delivery = this.#log.find((candidate) => candidate.id === id);
    if (delivery === undefined) throw new Error(`There is no delivery ${id}.`);
    const { guid, event, action, payload } = delivery;
    return this.#deliver({ guid, event, action, payload, redelivery: true });
  }

  /** The same without waiting for it; false when there is no such delivery. */
  beginRedelivery(id: number): boolean {
    if (!this.#log.some((candidate) => candidate.id === id)) return false;
    const done: Promise<void> = this.redeliver(id)
      .then(() => undefined)
      .finally(() => this.#underway.delete(done));
    this.#underway.add(done);
    return true;
  }

  /** Resolves when no delivery is under way, those started meanwhile included. */
  async settled(): Promise<void> {
    while (this.#underway.size > 0) await Promise.all(this.#underway);
  }

  async #deliver(message: Message): Promise<Delivery> {
    const startedMs = this.#options.clock.nowMs();
    return this.#note(message, await this.#post(message), startedMs);
  }

  #note(message: Message, outcome: Delivery["outcome"], startedMs: number): Delivery {
    const durationMs = this.#options.clock.nowMs() - startedMs;
    const delivery: Delivery = { ...message, id: this.#nextId++, deliveredAt: new Date(startedMs).toISOString(), outcome, durationMs };
    this.#log.push(delivery);
    return delivery;
  }

  async #post(message: Message): Promise<Delivery["outcome"]> {
    if (this.#url === null) return { kind: "failed", reason: "no webhook address is set" };
    try {
      const response = await this.#options.fetch(this.#url, {
        method: "POST",
        body: message.payload,
        redirect: "manual",
        signal: AbortSignal.timeout(DELIVERY_TIMEOUT_MS),
        headers: {
          accept: "*/*",
          "content-type": "application/json",
          "user-agent": "GitHub-Hookshot/local",
          "x-github-delivery": message.guid,
          "x-github-event": message.event,
          "x-github-hook-id": "1",
          "x-github-hook-installation-target-id": String(this.#options.appId),
          "x-github-hook-installation-target-type": "integration",
          "x-hub-signature-256": `sha256=${createHmac("sha256", this.#options.secret).update(message.payload).digest("hex")}`,
        },
      });
      await response.arrayBuffer();
      return { kind: "answered", status: response.status };
    } catch (error) {
      // The receiver's failure is an outcome here: the log keeps it, nobody else is told.
      return { kind: "failed", reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
    }
  }
}
