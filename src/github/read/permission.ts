import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { requestFailure } from "../request-error.ts";

const answerSchema = z.object({
  permission: z.string(),
  role_name: z.string(),
  user: z.object({ id: z.int(), login: z.string(), type: z.string() }),
});

export type Permission =
  | {
      readonly kind: "known";
      /** `admin`, `maintain`, `write`, `triage`, `read`, `none`, or the name of a custom role. */
      readonly roleName: string;
      /** The older, coarser figure: `admin`, `write`, `read`, `none`. */
      readonly permission: string;
      readonly userId: number;
      /** `User`, `Bot`, `Organization`, ... */
      readonly userType: string;
    }
  /** GitHub knows no such collaborator (404, or it refused to say). */
  | { readonly kind: "none" }
  /** GitHub did not answer, or not in the form its documentation gives. */
  | { readonly kind: "unavailable"; readonly status: number | null };

/** What somebody may do in a repository right now (P-permission). Never throws for what GitHub answers: every failure is a kind of no. */
export async function readPermission(github: GitHub, repository: Repository, login: string): Promise<Permission> {
  try {
    const response = await github.request("GET /repos/{owner}/{repo}/collaborators/{username}/permission", { ...repository, username: login });
    const answer = answerSchema.safeParse(response.data);
    if (!answer.success) return { kind: "unavailable", status: response.status };
    const { permission, role_name: roleName, user } = answer.data;
    return { kind: "known", roleName, permission, userId: user.id, userType: user.type };
  } catch (error) {
    const failure = requestFailure(error);
    if (failure === null) return { kind: "unavailable", status: null };
    return failure.status === 404 ? { kind: "none" } : { kind: "unavailable", status: failure.status };
  }
}
