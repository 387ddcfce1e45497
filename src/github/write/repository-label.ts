import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";
import type { Confirmed, Effect } from "./effect.ts";

const labelSchema = z.object({ id: z.int() });

/** Makes a label of the repository unless there is one of that name; one that is there keeps its colour. @param label.color six hex digits */
export function repositoryLabelEffect(github: GitHub, repository: Repository, label: { readonly name: string; readonly color: string; readonly description: string }): Effect {
  const confirmed = (data: unknown, route: string): Confirmed => ({ id: String(parseAnswer(labelSchema, data, route).id), url: null });
  const find = async (): Promise<Confirmed | null> => {
    const route = "GET /repos/{owner}/{repo}/labels/{name}";
    try {
      return confirmed((await github.request(route, { ...repository, name: label.name })).data, route);
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  };
  return {
    key: `repository-label:${label.name}`,
    description: `label ${label.name} of ${repository.owner}/${repository.repo}`,
    lookUp: find,
    async write() {
      const route = "POST /repos/{owner}/{repo}/labels";
      try {
        return confirmed((await github.request(route, { ...repository, ...label })).data, route);
      } catch (error) {
        const found = hasStatus(error, 422) ? await find() : null; // Somebody else made it meanwhile.
        if (found === null) throw error;
        return found;
      }
    },
  };
}
