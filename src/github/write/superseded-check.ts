/**
 * What a check run of ours says on a commit that is not the head of its pull request any more.
 *
 * I4. A green one turns neutral. I9. One that does not count as passed stays so: somebody may push that commit back, and no gate opens by that.
 */
import { conclusionSchema, type CheckConclusion } from "./check-run.ts";

const TITLE = "Superseded by ";

export const isSuperseded = (title: string | null | undefined): boolean => title?.startsWith(TITLE) === true;

/** @param conclusion that it has; null where it was never come to, or is none that we give @param now what is so instead, behind "not the head any more; " */
export function supersededCheck({ conclusion, headNow, now }: { readonly conclusion: string | null; readonly headNow: string; readonly now: string }): { readonly conclusion: CheckConclusion; readonly title: string; readonly summary: string } {
  const known = conclusionSchema.safeParse(conclusion).data ?? "cancelled";
  return { conclusion: known === "success" ? "neutral" : known, title: `${TITLE}${headNow.slice(0, 12)}`, summary: `This commit is not the head of the pull request any more; ${now}` };
}
