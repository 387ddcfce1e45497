/**
 * The hidden first line of the App's status comment. The App keeps no state of its own: what it must remember about an
 * issue's latest attempt stands here, in a comment that only counts when GitHub says the App wrote it.
 */
import { z } from "zod";
import { phaseSchema } from "../record/index.ts";

/** As tickets carry it. */
const wishSchema = z.strictObject({ workflow: z.string().max(64).optional(), goal: z.string().min(1).max(1_000).optional(), plan: z.literal(true).optional() });

/** As tickets carry it. */
const followUpSchema = z.strictObject({ because: z.enum(["ci", "review", "asked", "conflict", "comments"]), comments: z.array(z.int().min(1)).max(50).optional(), onto: z.string().regex(/^[0-9a-f]{40,64}$/).optional(), headSha: z.string().regex(/^[0-9a-f]{40,64}$/), pullNumber: z.int().min(1), reviewId: z.int().min(1).optional(), findings: z.array(z.string().max(16)).max(50).optional() });

export interface StatusMarker {
  readonly issueNumber: number;
  /** The attempt this comment is about, from 1. */
  readonly attempt: number;
  /** The dispatch key; null when nothing was dispatched. */
  readonly key: string | null;
  /** How often this attempt was taken up again after an interrupted run. */
  readonly continuation: number;
  /**
   * `refused` and `starting`: nothing dispatched yet; `waiting`: dispatched, no job begun; `running`; `ended`: the attempt is
   * over; `interrupted`: its run is over, the work is not, and the next label goes on from what was saved.
   */
  readonly state: "refused" | "starting" | "waiting" | "running" | "ended" | "interrupted";
  readonly runId: number | null;
  /** When the label was set, or the command written, as the webhook that started this says; what is not newer was handled already. */
  readonly labelledAt: string;
  /** Phase and step last shown, or the gate it waits at; null before the first. */
  readonly at: string | null;
  /** True when somebody deleted the comment once and the App made it again. */
  readonly recreated: boolean;
  /** Who set the label or wrote the command; absent in comments of older versions. The App goes on with a lost run in this person's name. */
  readonly by?: { readonly id: number; readonly login: string } | null | undefined;
  /** How often in a row the App went on with this attempt by itself; absent for never. */
  readonly auto?: number | undefined;
  /** How often what this attempt delivered was worked on again; absent for never. */
  readonly followed?: number | undefined;
  /** The comments of `followUp` are answered for the second time: a run before ended red with them. */
  readonly redone?: true | undefined;
  /** How often in a row the App tried again after the model could not be reached; absent for never (fault 63). */
  readonly tries?: number | undefined;
  /** ISO time from which on the App tries it again; absent where it does not. Only of an `interrupted` attempt. */
  readonly due?: string | undefined;
  /** ISO time up to which the run before, which was lost, had saved; what it did later is done again. */
  readonly kept?: string | undefined;
  /** ISO time of the newest saved segment of a run that has saved nothing for longer than it should; absent while it does. */
  readonly stale?: string | undefined;
  /** Of a review that goes on from an earlier one: that one's head, its merge base, and the account that posted it, as the ticket carries it. */
  readonly since?: { readonly headSha: string; readonly mergeBase: string; readonly by: string } | undefined;
  /** The comment whose command asked for the last dispatch; absent where a label did, or nobody. */
  readonly command?: number | undefined;
  /** Of a review that a command asked for, or had gone on with: that command, at whose word every run of the attempt goes on without the label. */
  readonly word?: { readonly command: string; readonly commentId: number } | undefined;
  /** Of a pull request that is reviewed: the commit the last dispatch was about. */
  readonly head?: string | undefined;
  /** The App's check run on the commit that is reviewed, or on the delivered one that waits at a gate; absent where there is none. */
  readonly check?: number | undefined;
  /** What the attempt was asked for with beside the issue's text; absent where that was nothing. */
  readonly wish?: z.infer<typeof wishSchema> | undefined;
  /** What of its delivery the attempt is at, or was last; absent before anything was said of one. Whatever goes on with the attempt goes on with this. */
  readonly followUp?: z.infer<typeof followUpSchema> | undefined;
  /** ISO time at which somebody asked for its end; a run that does not obey is ended by force later. Nothing is gone on with by itself then. */
  readonly cancel?: string | undefined;
}

/** A run is being started, waits for a runner, or runs. */
export const isAtWork = ({ state }: Pick<StatusMarker, "state">): boolean => state === "starting" || state === "waiting" || state === "running";

/** What every status comment starts with. */
export const ANY_STATUS_MARKER = "<!-- worktrain:status issue-";

/** What the status comment of an issue starts with. */
export const statusMarkerPrefix = (issueNumber: number): string => `${ANY_STATUS_MARKER}${issueNumber} `;

export function formatStatusMarker(marker: StatusMarker): string {
  const fields = {
    attempt: marker.attempt,
    continuation: marker.continuation,
    key: marker.key ?? "-",
    state: marker.state,
    run: marker.runId ?? "-",
    labelled: marker.labelledAt,
    at: marker.at ?? "-",
    recreated: marker.recreated ? 1 : 0,
    ...(marker.by === undefined || marker.by === null ? {} : { by: `${marker.by.id}/${marker.by.login}` }),
    ...(marker.auto === undefined || marker.auto === 0 ? {} : { auto: marker.auto }),
    ...(marker.followed === undefined || marker.followed === 0 ? {} : { followed: marker.followed }),
    ...(marker.redone === undefined ? {} : { redone: 1 }),
    ...(marker.tries === undefined || marker.tries === 0 ? {} : { tries: marker.tries }),
    ...(marker.due === undefined ? {} : { due: marker.due }),
    ...(marker.kept === undefined ? {} : { kept: marker.kept }),
    ...(marker.stale === undefined ? {} : { stale: marker.stale }),
    ...(marker.since === undefined ? {} : { since: `${marker.since.headSha}/${marker.since.mergeBase}/${marker.since.by}` }),
    ...(marker.command === undefined ? {} : { command: marker.command }),
    ...(marker.word === undefined ? {} : { word: `${marker.word.command}/${marker.word.commentId}` }),
    ...(marker.head === undefined ? {} : { head: marker.head }),
    ...(marker.check === undefined ? {} : { check: marker.check }),
    ...(marker.wish === undefined ? {} : { wish: base64urlOf(marker.wish) }),
    ...(marker.followUp === undefined ? {} : { followUp: base64urlOf(marker.followUp) }),
    ...(marker.cancel === undefined ? {} : { cancel: marker.cancel }),
  };
  const text = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return `${statusMarkerPrefix(marker.issueNumber)}${text.join(" ")} -->`;
}

/** A goal is somebody's words, and nothing of it ends the comment that the marker is. */
const base64urlOf = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const inBase64url = <Schema extends z.ZodType>(schema: Schema) =>
  z.string().regex(/^[A-Za-z0-9_-]{1,7000}$/).transform((text, context): z.output<Schema> => {
    try {
      return schema.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
    } catch {
      context.addIssue({ code: "custom", message: "not what it holds" });
      return z.NEVER;
    }
  });

function sinceOf(text: string): NonNullable<StatusMarker["since"]> {
  const [headSha = "", mergeBase = "", by = ""] = text.split("/");
  return { headSha, mergeBase, by };
}

const timeSchema = z.iso.datetime({ offset: true });
const orNull = <Schema extends z.ZodType>(schema: Schema) => z.union([z.literal("-").transform(() => null), schema]);
const markerSchema = z
  .strictObject({
    attempt: z.coerce.number().int().min(1),
    continuation: z.coerce.number().int().min(0),
    key: orNull(z.string().regex(/^[0-9a-f]{16,64}$/)),
    state: z.enum(["refused", "starting", "waiting", "running", "ended", "interrupted"]),
    run: orNull(z.coerce.number().int().min(1)),
    labelled: timeSchema,
    at: orNull(z.string().regex(/^[a-z]+\.[a-z0-9_-]{1,64}$/).refine((at) => at.startsWith("probe.") || phaseSchema.safeParse(at.split(".")[0]).success)),
    recreated: z.enum(["0", "1"]).transform((value) => value === "1"),
    by: z.string().regex(/^\d{1,15}\/[A-Za-z0-9_-]{1,100}$/).transform((text) => ({ id: Number(text.split("/")[0]), login: text.split("/")[1] ?? "" })).optional(),
    auto: z.coerce.number().int().min(1).max(99).optional(),
    followed: z.coerce.number().int().min(1).max(99).optional(),
    redone: z.literal("1").transform(() => true as const).optional(),
    tries: z.coerce.number().int().min(1).max(99).optional(),
    due: timeSchema.optional(),
    kept: timeSchema.optional(),
    stale: timeSchema.optional(),
    since: z.string().regex(/^[0-9a-f]{40,64}\/[0-9a-f]{40,64}\/[A-Za-z0-9_-]{1,90}(?:\[bot\])?$/).transform(sinceOf).optional(),
    command: z.coerce.number().int().min(1).optional(),
    word: z.string().regex(/^[a-z]{1,20}\/[1-9]\d{0,14}$/).transform((text) => ({ command: text.split("/")[0] ?? "", commentId: Number(text.split("/")[1]) })).optional(),
    head: z.string().regex(/^[0-9a-f]{40,64}$/).optional(),
    check: z.coerce.number().int().min(1).optional(),
    wish: inBase64url(wishSchema).optional(),
    followUp: inBase64url(followUpSchema).optional(),
    cancel: timeSchema.optional(),
  });

const MARKER_LINE = /^<!-- worktrain:status issue-(\d{1,15}) ([^\n]{1,8000}) -->/;

/** Reads the marker of a comment of ours; null when there is none or it is not whole. */
export function parseStatusMarker(body: string): StatusMarker | null {
  const match = MARKER_LINE.exec(body);
  if (match === null) return null;
  const [, issue, text = ""] = match;
  const parsed = markerSchema.safeParse(Object.fromEntries(text.split(" ").map((field) => field.split("=", 2))));
  if (!parsed.success) return null;
  const { run: runId, labelled: labelledAt, ...rest } = parsed.data;
  return { issueNumber: Number(issue), runId, labelledAt, ...rest };
}
