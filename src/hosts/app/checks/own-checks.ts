/** Clicks beside check runs of ours: Re-run, Re-run all, and the buttons that we gave them. GitHub tells them only to the App that made them. */
import { followRun, type LookTools, type RunOfSubject } from "../runs/look-at-run.ts";
import { workplaceOf, type Delivery } from "../delivery.ts";
import type { ClientOptions } from "../installation-client.ts";
import type { Workplace } from "../workplace.ts";
import { carryOutPressed, parsePressed } from "./button-pressed.ts";
import { parseRerequestedCheck, parseRerequestedSuite, reviewAgain, reviewAllAgain } from "./check-asked.ts";

export type OwnCheckWebhook = "check_run.rerequested" | "check_run.requested_action" | "check_suite.rerequested";

export interface OwnCheckTools extends LookTools, ClientOptions {}

interface Webhooks {
  on(events: OwnCheckWebhook[], handler: (delivery: Delivery) => void): unknown;
}

export function registerOwnChecks(webhooks: Webhooks, tools: OwnCheckTools): void {
  webhooks.on(["check_run.rerequested"], (delivery) => {
    const event = parseRerequestedCheck(delivery.payload, tools.author.appId);
    if (event !== null) queued(delivery, tools, { about: `check-${event.check_run.id}`, coalesce: `rerequested ${event.sender.id}`, work: (place) => reviewAgain(place, tools, { event, deliveryId: delivery.id }) });
  });
  webhooks.on(["check_suite.rerequested"], (delivery) => {
    const event = parseRerequestedSuite(delivery.payload, tools.author.appId);
    if (event !== null) queued(delivery, tools, { about: `suite-${event.check_suite.id}`, coalesce: `rerequested ${event.sender.id}`, work: (place) => reviewAllAgain(place, tools, { event, deliveryId: delivery.id }) });
  });
  webhooks.on(["check_run.requested_action"], (delivery) => {
    const event = parsePressed(delivery.payload, tools.author.appId);
    if (event !== null) queued(delivery, tools, { about: `check-${event.check_run.id}`, coalesce: `pressed ${event.sender.id} ${event.action}`, work: (place) => carryOutPressed(place, tools, { event, deliveryId: delivery.id }) });
  });
}

interface Clicked {
  readonly about: string;
  readonly coalesce: string;
  readonly work: (place: Workplace) => Promise<readonly RunOfSubject[]>;
}

/** In an order of their own: which item it is about shows only when its run is read. */
function queued(delivery: Delivery, tools: OwnCheckTools, { about, coalesce, work }: Clicked): void {
  const place = workplaceOf(delivery, tools);
  if (place === null) return;
  tools.queue.add(`${place.repositoryId}/${about}`, {
    name: "answering a click on a check run",
    coalesce,
    async run() {
      for (const dispatched of await work(place)) followRun(place, tools, dispatched);
    },
  });
}
