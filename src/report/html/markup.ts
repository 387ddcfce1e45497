/**
 * HTML that is safe by how it is made.
 *
 * I8. Markup comes from `html` templates in our source alone; every value put into one is escaped, so that text of an issue, a model or
 *     a tool closes no element, no attribute and no comment. Values stand between tags or in double quotes, nowhere else.
 * H1. What is not seen is shown by name, and what writes from right to left stays in its own box: nothing reads otherwise than it is.
 */
import { revealHidden } from "../../shared/hidden.ts";
import { formatCount } from "../money.ts";
import { excerpt } from "../excerpt.ts";

class Safe {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
export type Markup = Safe;

export type Value = string | number | null | Safe | readonly Safe[];

/** Null and an empty list give nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Safe(strings.map((literal, index) => `${index === 0 ? "" : written(values[index - 1] ?? null)}${literal}`).join(""));
}

function written(value: Value): string {
  if (value === null) return "";
  if (value instanceof Safe) return value.text;
  return typeof value === "object" ? value.map(({ text }) => text).join("") : escaped(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const escaped = (text: string): string => revealHidden(text.toWellFormed()).replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? "");

export const NOTHING: Markup = html``;

/** A style sheet of ours. @throws Error when it could end its element */
export function styleSheet(css: string): Markup {
  if (css.includes("<")) throw new Error("A style sheet holds no `<`.");
  return new Safe(`<style>${css}</style>`);
}

/** Text from outside within a line of ours. */
export const said = (text: string): Markup => html`<bdi>${text}</bdi>`;

/** Text from outside as a block, its lines kept; what is over the limit is left out of its middle, and that is said. */
export function block(text: string, limitChars: number, kind: "prose" | "output" = "prose"): Markup {
  const { head, left, tail } = excerpt(text, limitChars);
  const cut = left === 0 ? NOTHING : html`<span class="cut">… ${formatCount(left)} characters left out; the log has them …</span>`;
  return kind === "prose" ? html`<div class="said" dir="auto">${head}${cut}${tail}</div>` : html`<pre dir="auto">${head}${cut}${tail}</pre>`;
}

/** An address that is shown in full, so that nobody follows another than they read; no link where a browser would do more than go there. */
export function link(address: string): Markup {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") return said(address);
  return html`<a href="${url.href}" rel="noopener noreferrer">${url.href}</a>`;
}

/** The Markdown of one line that `markdown.ts` makes (code, bold, escaped signs), as HTML. */
export function inline(markdown: string): Markup {
  const parts = [...markdown.replaceAll("\u2060", "").matchAll(/`([^`]*)`|\*\*([^*]+)\*\*|\\([\\`*_[\]~|])|([^`*\\]+|[`*\\])/g)];
  return html`${parts.map(([, coded, bold, sign, text = ""]) => {
    if (coded !== undefined) return html`<code>${coded.replaceAll("\\|", "|")}</code>`;
    if (bold !== undefined) return html`<strong>${bold}</strong>`;
    return html`${sign ?? text}`;
  })}`;
}
