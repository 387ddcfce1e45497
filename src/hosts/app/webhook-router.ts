/**
 * Which handlers hear a delivery. Probot's own way makes a client for each handler of each delivery, also of those that nobody hears;
 * here what nobody hears costs a look at its name, and a client is made for none.
 */
import type { AppLog } from "./app-log.ts";
import type { AppAccess } from "./app-access.ts";
import type { Delivery } from "./delivery.ts";
import type { WebhookName, Webhooks } from "./handlers.ts";

/** A delivery whose signature holds. */
export interface VerifiedDelivery {
  readonly id: string;
  readonly name: string;
  readonly payload: object;
}

export interface WebhookRouter extends Webhooks {
  /** Whether any handler hears any action of the event. */
  hears(name: string): boolean;
  /** Hands it to every handler of its event and action; what one throws is logged and keeps it from no other. */
  receive(delivery: VerifiedDelivery): void;
}

export function createWebhookRouter({ log, access }: { readonly log: AppLog; readonly access: Pick<AppAccess, "installation"> }): WebhookRouter {
  const handlers = new Map<string, ((delivery: Delivery) => void)[]>();
  const events = new Set<string>();
  return {
    on(names, handler) {
      for (const name of [names].flat() satisfies WebhookName[]) {
        handlers.set(name, [...(handlers.get(name) ?? []), handler]);
        events.add(name.split(".")[0] ?? "");
      }
    },
    hears: (name) => events.has(name),
    receive({ id, name, payload }) {
      const heard = handlers.get("action" in payload && typeof payload.action === "string" ? `${name}.${payload.action}` : name);
      const installationId = heard === undefined ? null : installationIdOf(payload);
      // Without one nobody gave us the repository.
      if (heard === undefined || installationId === null) return;
      const delivery: Delivery = { id, payload, installation: access.installation(installationId) };
      for (const handle of heard) {
        try {
          handle(delivery);
        } catch (error) {
          log.error(error, "a delivery could not be handled", { delivery: id, event: name });
        }
      }
    },
  };
}

function installationIdOf(payload: object): number | null {
  const installation: unknown = "installation" in payload ? payload.installation : null;
  const id: unknown = typeof installation === "object" && installation !== null && "id" in installation ? installation.id : null;
  return typeof id === "number" && Number.isSafeInteger(id) ? id : null;
}
