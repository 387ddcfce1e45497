export { listRunArtifacts, type ArtifactFacts } from "./artifacts.ts";
export { downloadArtifact, type ArtifactWanted, type DownloadPorts, type DownloadRefusal } from "./download.ts";
export { readFile, type FileAtRef } from "./file.ts";
export { readIssue, type IssueFacts } from "./issue.ts";
export { allPages, type PagedRequest } from "./pages.ts";
export { readPermission, type Permission } from "./permission.ts";
export { readBranchHead, readRepository, type RepositoryFacts } from "./repository.ts";
export { findItemRuns, parseRun, readRun, type ItemRunsQuery, type RunFacts } from "./run.ts";
