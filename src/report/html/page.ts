/**
 * A report as one HTML page that needs nothing else: no script, no font, no image, no request; it opens from a disk and prints.
 *
 * I8. A policy in the page allows its own style sheet by hash and nothing more, so that even markup that got in could do nothing.
 */
import { sha256Hex } from "../../shared/hash.ts";
import { clip } from "../excerpt.ts";
import type { Report } from "../report.ts";
import { asked, change, cost, findings, firstLook, header, proof, published, understood } from "./sections.ts";
import { html, NOTHING, styleSheet, type Markup } from "./markup.ts";
import { pathSection } from "./path-section.ts";
import { slicesSection } from "./slices-section.ts";
import { STYLE } from "./style.ts";
import { timelineSection } from "./timeline-section.ts";

interface Section {
  readonly id: string;
  readonly title: string;
  /** Null leaves the section out. */
  readonly body: Markup | null;
}

export function reportPage(report: Report): string {
  const sections: readonly Section[] = [
    { id: "first", title: "What to look at first", body: firstLook(report) },
    { id: "asked", title: "What was asked", body: asked(report) },
    { id: "understood", title: "How it was understood", body: understood(report) },
    { id: "slices", title: "The slices", body: slicesSection(report) },
    { id: "path", title: "The path", body: pathSection(report) },
    { id: "change", title: "The change", body: change(report) },
    { id: "findings", title: "Findings and fixes", body: findings(report) },
    { id: "proof", title: "Proof", body: proof(report) },
    { id: "published", title: "What was published", body: published(report) },
    { id: "cost", title: "What it cost", body: cost(report) },
    { id: "timeline", title: "Turns and tools", body: timelineSection(report) },
  ];
  const shown = sections.filter(({ body }) => body !== null);
  const policy = `default-src 'none'; style-src 'sha256-${Buffer.from(sha256Hex(STYLE), "hex").toString("base64")}'; base-uri 'none'; form-action 'none'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${clip(report.title, 100)} · WorkTrain</title>
${styleSheet(STYLE)}
</head>
<body>
<a class="skip" href="#first">To the report</a>
${header(report)}
<div class="columns">
<nav aria-label="Sections"><ol>${shown.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ol></nav>
<main>${shown.map(({ id, title, body }) => html`
<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${body ?? NOTHING}</section>`)}
</main>
</div>
${footer(report)}
</body>
</html>
`;
  return page.text;
}

const footer = ({ id, lines, streams }: Report): Markup =>
  html`<footer>Made by WorkTrain from the log of <code>${id}</code> alone: ${lines} lines in ${streams} ${streams === 1 ? "stream" : "streams"}. Text in boxes is quoted from the log: the words of people, models and tools. <code>[U+202E]</code> and the like stand for characters that are not seen.</footer>`;
