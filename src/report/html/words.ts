/** How the page writes times and tones. */
import type { Tone } from "../report.ts";
import { html, type Markup } from "./markup.ts";

/** An instant of the log as `2026-11-30 13:24:09 UTC`. */
export const instant = (at: string): string => `${at.slice(0, 19).replace("T", " ")} UTC`;

export const clock = (at: string): string => at.slice(11, 19);

const SIGNS = { good: "✓", bad: "✕", waiting: "!", neutral: "–" } as const satisfies Record<Tone, string>;

export const sign = (tone: Tone): Markup => html`<span class="sign ${tone}" aria-hidden="true">${SIGNS[tone]}</span>`;

export const tag = (text: string, tone: Tone = "neutral"): Markup => html`<span class="tag ${tone}">${text}</span>`;

/** The place of a session on the page; no section is called so. */
export const anchor = (sessionId: string): string => `session-${sessionId.replaceAll(/[^\w-]/g, "_")}`;
