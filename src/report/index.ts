export type { FindingFate, FindingView } from "./findings.ts";
export { readItemJournal, type ItemJournal, type StreamReader } from "./item-journal.ts";
export { itemView, type DeliveryView, type EffectView, type ItemView, type RunView } from "./item-view.ts";
export { code, counted, cut, plain, quote, table } from "./markdown.ts";
export { formatCost, formatUsd, totalTokens } from "./money.ts";
export { neutralise, neutraliseLine, showHidden } from "./neutralise.ts";
export { findingsTable, journalProof, proofOf, proofTable, sessionTable, type Attester, type Proof, type ProofRow } from "./proof.ts";
export { sessionTimeline, traceLine, type TimelineEntry } from "./session-timeline.ts";
export { lastArtifact, lastVerifications, passed, sessionView, type ItemSessionView, type SessionView, type VerificationView } from "./session-view.ts";
