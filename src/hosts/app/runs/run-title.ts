import { parseAskId, parseItemId, type AskName, type ItemName } from "../../../record/index.ts";

export interface RunTitle {
  readonly item: ItemName;
  /** Or of the pull request: both count from one sequence. */
  readonly issueNumber: number;
  readonly key: string;
}

/** Reads `WorkTrain <item> <key>`, the name the workflow file gives its runs; null for any other run. */
export function parseRunTitle(displayTitle: string): RunTitle | null {
  const match = /^WorkTrain (\S{1,80}) ([0-9a-f]{16,64})$/.exec(displayTitle);
  const item = match?.[1] === undefined ? null : parseItemId(match[1]);
  const issue = item === null ? null : /^(?:issue|pr)-(\d{1,15})$/.exec(item.subject);
  if (item === null || issue === null || match?.[2] === undefined) return null;
  return { item, issueNumber: Number(issue[1]), key: match[2] };
}

/** The same of a run that only answers a question about a record. */
export function parseAskTitle(displayTitle: string): (AskName & { readonly key: string }) | null {
  const match = /^WorkTrain (\S{1,80}) ([0-9a-f]{16,64})$/.exec(displayTitle);
  const ask = match?.[1] === undefined ? null : parseAskId(match[1]);
  return ask === null || match?.[2] === undefined ? null : { ...ask, key: match[2] };
}
