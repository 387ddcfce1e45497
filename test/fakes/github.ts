import type { GitHub, GitHubResponse } from "../../src/github/client.ts";

/** A failed request as Octokit throws it; without `said` it is a network error, whose outcome nobody knows. */
export function requestError(status: number, said?: string, headers: Record<string, string> = {}): Error {
  const response = said === undefined ? undefined : { status, headers, data: { message: said } };
  return Object.assign(new Error(said ?? "socket hang up"), { name: "HttpError", status, response });
}

export type Answer = (parameters: Readonly<Record<string, unknown>>) => unknown;

export interface ScriptedGitHub extends GitHub {
  /** Every request in order: route and parameters. */
  readonly sent: { readonly route: string; readonly parameters: Readonly<Record<string, unknown>> }[];
  count(route: string): number;
}

/** Answers each route by a function; a thrown error is a failed request, an unknown route a 404. */
export function scriptedGitHub(answers: Readonly<Record<string, Answer>>): ScriptedGitHub {
  const sent: ScriptedGitHub["sent"] = [];
  return {
    sent,
    count: (route) => sent.filter((request) => request.route === route).length,
    async request(route, parameters = {}): Promise<GitHubResponse> {
      sent.push({ route, parameters });
      const answer = answers[route];
      if (answer === undefined) throw requestError(404, "Not Found");
      return { status: 200, data: structuredClone(answer(parameters)), headers: {} };
    },
  };
}
