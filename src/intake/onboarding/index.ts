export { type RepositoryFiles } from "./ecosystems.ts";
export { findings, type Findings } from "./findings.ts";
export { ONBOARDING_TITLE, onboardingBody, onboardingMarker, workflowLines, type WorkflowOffer } from "./pull-request-text.ts";
export { ACTION_PIN, configText, SET_UP_PATHS, workflowText, type WorkflowParts } from "./set-up-files.ts";
