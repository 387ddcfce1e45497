/** `merge` of the config: when a change may be merged without a person, and what only a person merges. */
import { z } from "zod";

const globsSchema = (paths: readonly string[], what: string) => z.array(z.string().trim().min(1).max(500)).max(200).default([...paths]).describe(what);

/** Matched without regard to letter case, wherever they are. */
const SCHEMA_PATHS = ["**/migrations/**", "**/migrate/**", "**/*.sql", "**/schema.prisma", "**/schema.rb", "**/structure.sql", "**/alembic/**", "**/liquibase/**", "**/flyway/**", "**/db/**", "**/*.avsc", "**/*.proto", "**/schema.graphql", "**/*.graphqls"];
const CI_PATHS = [".github/**", "**/.gitlab-ci.yml", ".gitlab/**", ".circleci/**", ".buildkite/**", ".drone.yml", ".travis.yml", "azure-pipelines*.yml", "**/Jenkinsfile*", "bitbucket-pipelines.yml", ".pre-commit-config.yaml", "**/CODEOWNERS", "**/Makefile"];
const INFRASTRUCTURE_PATHS = ["**/*.tf", "**/*.tfvars", "**/*.bicep", "**/cloudformation/**", "**/*.hcl", "**/Dockerfile*", "**/Containerfile*", "**/*.dockerfile", "**/docker-compose*", "**/compose.y*ml", "**/k8s/**", "**/kubernetes/**", "**/helm/**", "**/charts/**", "**/terraform/**", "**/ansible/**", "**/pulumi/**", "**/Pulumi*.y*ml", "**/cdk.json", "**/serverless.y*ml", "**/Procfile", "**/fly.toml", "**/vercel.json", "**/netlify.toml"];

const humanOnlySchema = z.strictObject({
  schema: globsSchema(SCHEMA_PATHS, "Glob patterns of database schemas and migrations."),
  ci: globsSchema(CI_PATHS, "Glob patterns of what builds, tests and releases."),
  infrastructure: globsSchema(INFRASTRUCTURE_PATHS, "Glob patterns of what says where and how it runs."),
  dependencies: z
    .enum(["any", "major", "none"])
    .default("major")
    .describe("Which changes of dependencies a person merges: `major`: a new one, a major upgrade, another package, source or hash under the same name, a script that an install begins to run, and every change of which that cannot be told (told apart in package.json and package-lock.json); `any`; `none`."),
  own: globsSchema([], "Glob patterns of your own."),
});

export const mergeSchema = z.strictObject({
  auto: z.boolean().default(false).describe("Arms GitHub's auto-merge for a change that meets every condition below and touches nothing of `merge.humanOnly`. GitHub then merges when the rules of the branch are met."),
  approval: z.boolean().default(false).describe("Whether somebody has to approve the delivered commit first, by a review on GitHub or `/worktrain approve SHA`: auto-merge is armed then, if every condition is met."),
  method: z.enum(["squash", "merge", "rebase"]).default("squash").describe("How GitHub merges."),
  tests: z.enum(["verify", "ci"]).default("verify").describe("What vouches for the tests: `verify`: only a green job `verify`; `ci`: the required checks of the branch, which GitHub waits for, are enough."),
  maxRisk: z.enum(["low", "medium", "high"]).default("low").describe("The highest risk that the classification may name."),
  modes: z.array(z.enum(["quick", "implement", "full", "investigate", "refactor"])).default(["quick", "implement", "refactor"]).describe("Pipelines whose changes may be merged without a person."),
  maxFiles: z.int().min(1).max(100).default(20).describe("Most files that may be changed."),
  maxLines: z.int().min(1).max(100_000).default(400).describe("Most lines that may be added and removed, together."),
  labels: z.array(z.string().trim().min(1).max(50)).max(20).default([]).describe("Labels that the issue must bear, all of them."),
  humanOnly: humanOnlySchema.prefault({}).describe("What only a person merges."),
});
