/** The slices of a change, what each waited for and what it came to. */
import type { Report } from "../report.ts";
import { html, NOTHING, said, type Markup } from "./markup.ts";
import { tag } from "./words.ts";

/** Paths of one slice that are shown; a plan may name two hundred. */
const MOST_FILES = 20;

export const slicesSection = ({ slices }: Report): Markup | null =>
  slices === null
    ? null
    : html`<ul class="plain">${slices.map(
        ({ id, title, files, dependsOn, wave, tone, standing }) =>
          html`<li><p><strong><code>${id}</code> ${said(title)}</strong> ${tag(wave === null ? "not begun" : `wave ${wave}`, tone)}</p><p>${said(standing)}</p><p class="quiet">${dependsOn.length === 0 ? "It waits for no other." : html`Waits for ${dependsOn.map((name, index) => html`${index === 0 ? "" : ", "}<code>${name}</code>`)}.`} Files: ${files.slice(0, MOST_FILES).map((path, index) => html`${index === 0 ? "" : ", "}<code>${path}</code>`)}${files.length <= MOST_FILES ? NOTHING : html` and ${files.length - MOST_FILES} more`}.</p></li>`,
      )}</ul>`;
