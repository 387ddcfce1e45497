/**
 * Work on what an item delivered waits for a person: a check run on the commit that it delivered says so (`action_required`), beside the
 * proof, whose verdict it leaves alone. The status comment is on the issue; who looks at the pull request would not see it.
 */
import { readOwnCheckRun } from "../../../github/read/index.ts";
import { changeCheckEffect, checkRunEffect } from "../../../github/write/index.ts";
import { PROGRESS_CHECK_NAME } from "../../../record/index.ts";
import { statusOutput, type StatusView } from "../../../report/status-comment.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import { hearsClicks, orLogged, type AppTools, type Workplace } from "../workplace.ts";

/** The work came to a gate; the button opens it. The check run's id. */
export async function askOnHead(place: Workplace, tools: AppTools, { marker, view, headSha }: { readonly marker: StatusMarker; readonly view: Extract<StatusView, { kind: "ended" }>; readonly headSha: string }): Promise<number | undefined> {
  return onCheck(place, tools, async () => {
    const wish = { appId: tools.author.appId, name: PROGRESS_CHECK_NAME, headSha, externalId: marker.key ?? "", conclusion: "action_required" as const, annotations: [], detailsUrl: view.runUrl, actions: ["approve", "explain"] as const, ...statusOutput(marker, view) };
    return Number((await tools.effects.apply(checkRunEffect(place.github, place.repository, wish))).id);
  });
}

/** Somebody answered: what was asked is history. Neutral, since nothing hangs on it; whoever edits the status comment can name another there (I9). */
export async function answeredOnHead(place: Workplace, tools: AppTools, { check }: StatusMarker): Promise<void> {
  if (check === undefined) return;
  await onCheck(place, tools, async () => {
    const shown = await readOwnCheckRun(place.github, place.repository, { id: check, appId: tools.author.appId });
    if (shown?.name !== PROGRESS_CHECK_NAME) return;
    await tools.effects.apply(changeCheckEffect(place.github, place.repository, check, { status: "completed", conclusion: "neutral", title: "The work goes on", summary: "What it waited for was answered; the status comment on the issue tells how it goes.", actions: [] }));
  });
}

/** A person has to deal with what WorkTrain could not. */
export async function needsPerson(place: Workplace, tools: AppTools, { headSha, summary }: { readonly headSha: string; readonly summary: string }): Promise<void> {
  await onCheck(place, tools, () => tools.effects.apply(checkRunEffect(place.github, place.repository, { appId: tools.author.appId, name: PROGRESS_CHECK_NAME, headSha, externalId: `needs-human:${headSha}`, conclusion: "action_required", title: "WorkTrain needs a person here", summary, annotations: [] })));
}

/** The issue says the same. */
const onCheck = async <T>(place: Workplace, tools: AppTools, work: () => Promise<T>): Promise<T | undefined> =>
  hearsClicks(tools) ? orLogged(place, tools, { what: "a check run that asks a person could not be made" }, work) : undefined;
