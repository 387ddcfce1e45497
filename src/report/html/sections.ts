/** The sections of the page but for the path and the timeline. Each gives null where the log has nothing for it. */
import { statementText, type Severity } from "../../workflow/index.ts";
import { clip } from "../excerpt.ts";
import type { FindingView } from "../findings.ts";
import { counted } from "../markdown.ts";
import { formatCost, formatCount, formatUsd, totalTokens } from "../money.ts";
import type { ProofRow } from "../proof-row.ts";
import type { LookAt, Report, SessionReport, Tone } from "../report.ts";
import { block, html, inline, link, NOTHING, said, type Markup } from "./markup.ts";
import { span } from "../span.ts";
import { anchor, instant, sign, tag } from "./words.ts";

/** Characters of one quoted text, such as the body of an issue. */
const TEXT_CHARS = 20_000;
const MOST_FILES = 300;
/** A longer title is shown whole where what was asked is. */
const TITLE_CHARS = 200;

export function header(report: Report): Markup {
  const { standing, title, id, kind, began, last, workedMs, turns, reviewRounds, files, usage, costMicroUsd, estimate } = report;
  const { tone, headline, meaning, reason, next } = standing;
  const facts = [
    ["Cost", html`${formatUsd(costMicroUsd)}${estimate === null ? NOTHING : html`<small>expected ${formatUsd(estimate.lowMicroUsd)} to ${formatUsd(estimate.highMicroUsd)}</small>`}`],
    ["At work", span(workedMs)],
    ["Model turns", formatCount(turns)],
    ["Tokens", formatCount(totalTokens(usage))],
    ...(kind === "item" ? [["Review rounds", String(reviewRounds)] as const] : []),
    ...(files.changed.length === 0 ? [] : [["Files changed", formatCount(files.changed.length)] as const]),
  ] as const;
  return html`<header class="${tone}">
<p class="eyebrow">WorkTrain report · ${kind === "item" ? "work item" : "session"} <code>${id}</code></p>
<h1>${said(clip(title, TITLE_CHARS))}</h1>
<div class="standing">${sign(tone)}<div><p class="headline">${headline}</p><p>${meaning}</p>${reason === null ? NOTHING : block(reason.message, 4_000)}${next === null ? NOTHING : html`<p><strong>What to do:</strong> ${inline(clip(next, 2_000))}</p>`}</div></div>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${began === null || last === null ? NOTHING : html`<p class="when">${instant(began)} to ${instant(last)}, by the clocks of who wrote the log</p>`}
</header>`;
}

export function firstLook({ lookFirst, standing }: Report): Markup {
  if (lookFirst.length === 0) return html`<p>${standing.tone === "good" ? "Nothing stands out: what was checked holds, and no session reported anything. Read the change itself." : "Nothing beyond what stands above."}</p>`;
  return html`<ol class="first">${lookFirst.map(({ tone, what, said: words, section }: LookAt) => html`<li class="${tone}">${sign(tone)}<div><p>${inline(what)} <a class="more" href="#${section}">more</a></p>${words === null ? NOTHING : block(words, 600)}</div></li>`)}</ol>`;
}

export function asked({ title, asked: { text, base, runs } }: Report): Markup {
  const whole = title.length > TITLE_CHARS ? `${title}\n\n${text}` : text;
  const from = base === null ? NOTHING : html`<p>On <code>${base.ref}</code> at commit <code>${base.sha}</code>.</p>`;
  const ran = runs.map(({ host, runId, runAttempt, sandbox, runner, restored }) => html`<li>${host === "actions" ? `GitHub Actions, run ${runId}, attempt ${runAttempt}` : "A local run"}, ${sandbox === "bubblewrap" ? "in the sandbox" : html`<strong>without a full sandbox (${sandbox})</strong>`}${runner === undefined ? "" : `, runner: ${runner}`}${restored === null ? NOTHING : html`. ${said(restored)}`}</li>`);
  return html`${whole.trim() === "" ? html`<p class="quiet">The title is all of it.</p>` : block(whole, TEXT_CHARS)}${from}${ran.length === 0 ? NOTHING : html`<ul class="plain">${ran}</ul>`}`;
}

export function understood({ understood: classified, route: { answer }, kind }: Report): Markup | null {
  if (classified === null) return kind === "item" ? html`<p class="quiet">No classification was completed.</p>` : null;
  const { interpretation, taskComplexity, riskLevel, taskMaturity, hasUi, touchesArchitecture, deduplicationKey, ambiguities = [] } = classified;
  const RISKS: Readonly<Record<string, Tone>> = { high: "waiting", critical: "bad" };
  const tags = [
    ...(taskComplexity === undefined ? [] : [tag(`complexity: ${taskComplexity}`)]),
    ...(riskLevel === undefined ? [] : [tag(`risk: ${riskLevel}`, RISKS[riskLevel] ?? "neutral")]),
    ...(taskMaturity === undefined ? [] : [tag(`maturity: ${taskMaturity}`)]),
    ...(hasUi === true ? [tag("user interface")] : []),
    ...(touchesArchitecture === true ? [tag("architecture", "waiting")] : []),
    ...(deduplicationKey === undefined ? [] : [tag(`key: ${deduplicationKey}`)]),
  ];
  return html`${interpretation === undefined ? html`<p class="quiet">No interpretation was given.</p>` : block(interpretation, TEXT_CHARS)}<p class="tags">${tags}</p>${list("Ambiguities", ambiguities)}${answer === null ? NOTHING : html`<h3>What a person said to it</h3><p>${tag(answer.verdict, answer.verdict === "approved" ? "good" : "bad")} by ${said(answer.by)}</p>${answer.reason === undefined ? NOTHING : block(answer.reason, 4_000)}`}`;
}

const list = (title: string, texts: readonly string[] | undefined): Markup => (texts === undefined || texts.length === 0 ? NOTHING : html`<h3>${title}</h3><ul>${texts.slice(0, 100).map((text) => html`<li>${said(text)}</li>`)}</ul>${texts.length > 100 ? html`<p class="quiet">${texts.length - 100} more are in the log.</p>` : NOTHING}`);

export function change({ handoff, files: { changed, leftOut } }: Report): Markup | null {
  if (handoff === null && changed.length === 0 && leftOut.length === 0) return null;
  const words = handoff?.prBody ?? handoff?.commitSubject ?? "";
  return html`${words.trim() === "" ? NOTHING : block(words, TEXT_CHARS)}
${list("Decisions", handoff?.keyDecisions)}${list("Assumptions corrected", handoff?.correctedAssumptions?.map(statementText))}${list("Tests added", handoff?.testsAdded)}${list("Known limits", handoff?.knownLimitations)}${list("Side effects", handoff?.sideEffects)}
${changed.length === 0 ? NOTHING : html`<h3>Files</h3><ul class="files">${changed.slice(0, MOST_FILES).map(({ path, bytes }) => html`<li><code>${path}</code> <span class="quiet">${bytes === null ? "deleted" : `${formatCount(bytes)} bytes`}</span></li>`)}</ul>${changed.length > MOST_FILES ? html`<p class="quiet">${changed.length - MOST_FILES} more are in the log.</p>` : NOTHING}`}
${leftOut.length === 0 ? NOTHING : html`<h3>Differs and is not in the change</h3><ul class="files">${leftOut.slice(0, MOST_FILES).map(({ path, reason }) => html`<li><code>${path}</code> ${said(reason)}</li>`)}</ul>`}`;
}

const SEVERITIES = { critical: "bad", major: "bad", minor: "waiting", nit: "neutral" } as const satisfies Record<Severity, Tone>;
const FATES = {
  gone: ["not found again after a fix", "good"],
  repeated: ["found again after a fix", "bad"],
  open: ["open: no later review looked", "bad"],
  accepted: ["left as it is", "neutral"],
} as const satisfies Record<FindingView["fate"], readonly [string, Tone]>;

export function findings(report: Report): Markup | null {
  const { findings: all, reviewRounds, kind } = report;
  if (kind === "session") return null;
  const rounds = `${counted(reviewRounds, "completed round")} of review by sessions that did not write the change`;
  if (all.length === 0) return html`<p>${rounds}: ${reviewRounds === 0 ? "nothing was reviewed." : "no findings."}</p>${broughtBy(report)}`;
  const gone = all.filter(({ fate }) => fate === "gone").length;
  return html`<p>${rounds}: ${counted(all.length, "finding")}, ${gone} not found again after a fix.</p>${all.map(findingCard)}${broughtBy(report)}`;
}

const ANSWERS = { taken: ["taken", "good"], merged: ["merged", "good"], dropped: ["dropped", "waiting"] } as const satisfies Record<string, readonly [string, Tone]>;

/** What each reviewer brought, folded away: the cards above are what came of it. */
function broughtBy({ brought }: Report): Markup {
  if (brought.length === 0) return NOTHING;
  const rows = brought.slice(0, MOST_FILES).map(({ round, reviewer, severity, summary, file, line, answer }) => {
    const [words, tone] = answer === null ? (["not answered", "bad"] as const) : ANSWERS[answer.fate];
    return html`<tr><td class="fixed" data-label="Reviewer">${said(reviewer)} <span class="quiet">round ${round}</span></td><td data-label="Brought">${tag(severity, SEVERITIES[severity])} ${said(summary)}${file === undefined ? NOTHING : html` <code>${file}${line === undefined ? "" : `:${line}`}</code>`}</td><td data-label="Verdict">${tag(words, tone)} ${answer === null ? NOTHING : said(clip(answer.reason, 600))}</td></tr>`;
  });
  return html`<details class="session"><summary><strong>What each reviewer brought</strong> <span class="quiet">${counted(brought.length, "finding")}, each answered by the verdict</span></summary><div class="inner"><table><thead><tr><th scope="col">Reviewer</th><th scope="col">Brought</th><th scope="col">What the verdict made of it</th></tr></thead><tbody>${rows}</tbody></table></div></details>`;
}

const runByHost = ({ kind, before, after }: NonNullable<FindingView["check"]>): string => `Before the fix: ${before}${kind === "not-reproduced" ? ", so the finding is not reproduced" : ""}.${after === null ? "" : ` After it: ${after}.`}`;

function findingCard(finding: FindingView): Markup {
  const { severity, summary, file, line, round, fate, findingCategory, evidence, remediation, suggestion, reproduce, check } = finding;
  const [words, tone] = FATES[fate];
  const where = file === undefined ? NOTHING : html` in <code>${file}${line === undefined ? "" : `:${line}`}</code>`;
  const parts = [["Evidence", evidence, "prose"], ["What would mend it", remediation, "prose"], ["Suggested", suggestion, "output"], ["Shown by", reproduce, "output"], ["Run by the host", check === undefined ? undefined : runByHost(check), "prose"]] as const;
  return html`<article class="finding ${tone}"><h3>${tag(severity, SEVERITIES[severity])} ${said(summary)}</h3><p class="quiet">Round ${round}${findingCategory === undefined ? "" : `, ${findingCategory}`}${where} · ${tag(words, tone)}</p>${parts.map(([title, text, kind]) => (text === undefined || text.trim() === "" ? NOTHING : html`<h4>${title}</h4>${block(text, 4_000, kind)}`))}</article>`;
}

const RESULTS = { holds: ["holds", "good"], fails: ["does not hold", "bad"], unknown: ["not known", "waiting"] } as const satisfies Record<ProofRow["result"], readonly [string, Tone]>;

export function proof({ proof: { rows, result } }: Report): Markup {
  const [words, tone] = RESULTS[result];
  return html`<p>${sign(tone)} The proof as a whole: <strong>${words}</strong>. What the agent job says is a claim: it ran what the model wrote. What GitHub says can be looked up there.</p>
<table><thead><tr><th scope="col">Result</th><th scope="col">What was checked</th><th scope="col">Detail, with session and plan</th><th scope="col">Whose word</th></tr></thead><tbody>${rows.map((row) => {
    const [each, rowTone] = RESULTS[row.result];
    return html`<tr><td class="fixed" data-label="Result">${tag(each, rowTone)}</td><td data-label="Checked">${inline(row.check)}</td><td data-label="Detail">${inline(row.detail)}${pinned(row.session)}</td><td class="fixed" data-label="Whose word">${row.attestedBy}</td></tr>`;
  })}</tbody></table>`;
}

/** The plan by the first digits of its hash, as git shows commits. */
const pinned = (session: ProofRow["session"]): Markup =>
  session === undefined ? NOTHING : html`<p class="pinned">by <a href="#${anchor(session.sessionId)}"><code>${session.sessionId}</code></a>${session.workflow === null ? NOTHING : html`, <code>${session.workflow.id}</code> ${session.workflow.version}`}${session.plan === null ? NOTHING : html`, plan <code>${session.plan.slice(0, 12)}</code>`}</p>`;

export function published({ effects, delivery }: Report): Markup | null {
  if (effects.length === 0 && delivery === null) return null;
  const done = effects.map(({ intent, id, url, adopted }) => html`<li>${said(intent)} <code>${id}</code>${adopted ? " (was there already)" : ""}${url === null ? NOTHING : html`: ${link(url)}`}</li>`);
  const end = delivery === null ? html`<p class="quiet">The deliver job has not come to its end.</p>` : html`<p>${DELIVERIES[delivery.outcome]}</p>${delivery.reason === null ? NOTHING : block(`${delivery.reason.message}\n${delivery.reason.fix}`, 4_000)}`;
  return html`${done.length === 0 ? NOTHING : html`<ul>${done}</ul>`}${end}`;
}

const DELIVERIES = { delivered: "Delivered.", refused: "Refused: nothing more was published.", said: "There was no change to publish; the reason was said." } as const;

export function cost(report: Report): Markup {
  const { sessions, usage, estimate, costMicroUsd, turns, workedMs } = report;
  const most = Math.max(1, ...sessions.map(({ view }) => view.costMicroUsd));
  const input = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
  const cached = input === 0 ? 0 : Math.round((usage.cacheReadTokens / input) * 100);
  return html`<p>${formatCost(report)}. ${formatCount(input)} tokens in, ${cached} % of them read from the cache; ${formatCount(usage.outputTokens)} out. By list price.</p>${estimate === null ? NOTHING : html`<details><summary class="quiet">What was expected because of what</summary><p class="quiet">${said(estimate.basis)}</p></details>`}
<table class="figures"><thead><tr><th scope="col">Session</th><th scope="col">Outcome</th><th scope="col" class="number">Turns</th><th scope="col" class="number">Time</th><th scope="col" class="number">Tokens</th><th scope="col" class="number">Cost</th><th scope="col" aria-hidden="true"></th></tr></thead><tbody>${sessions.map((session) => costRow(session, most))}</tbody><tfoot><tr><th scope="row">All</th><td></td><td class="number" data-label="Turns">${turns}</td><td class="number" data-label="Time">${span(workedMs)}</td><td class="number" data-label="Tokens">${formatCount(totalTokens(usage))}</td><td class="number" data-label="Cost">${formatUsd(costMicroUsd)}</td><td></td></tr></tfoot></table>`;
}

function costRow({ view, name, why, depth, workedMs }: SessionReport, most: number): Markup {
  const width = ((view.costMicroUsd / most) * 100).toFixed(1);
  return html`<tr><th scope="row">${"↳ ".repeat(Math.min(depth, 5))}${said(name)}${depth === 0 || why === "" ? NOTHING : html`<br><span class="brief">${said(clip(why, 80))}</span>`}<br><span class="quiet">${view.models.length === 0 ? "no model" : said(view.models.join(", "))}</span></th><td class="fixed" data-label="Outcome">${view.outcome ?? "not ended"}</td><td class="number" data-label="Turns">${view.turns}</td><td class="number" data-label="Time">${span(workedMs)}</td><td class="number" data-label="Tokens">${formatCount(totalTokens(view.usage))}</td><td class="number" data-label="Cost">${formatUsd(view.costMicroUsd)}</td><td class="bar" aria-hidden="true"><svg width="100%" height="8"><rect width="${width}%" height="8" rx="4"/></svg></td></tr>`;
}
