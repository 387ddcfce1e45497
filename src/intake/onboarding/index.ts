export { findings, type Findings, type RepositoryFiles } from "./findings.ts";
export { ONBOARDING_TITLE, onboardingBody, onboardingMarker, type WorkflowOffer } from "./pull-request-text.ts";
export { ACTION_PIN, configText, SET_UP_PATHS, workflowText, type WorkflowParts } from "./set-up-files.ts";
