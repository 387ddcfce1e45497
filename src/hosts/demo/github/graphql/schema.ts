import { buildSchema } from "graphql";

/**
 * The part of GitHub's GraphQL schema that is served, written as GitHub writes it; a test compares it with GitHub's own. What is
 * asked beyond it is refused as GitHub refuses an unknown field.
 */
export const SERVED_SCHEMA = /* GraphQL */ `
  scalar BigInt
  scalar DateTime
  scalar GitObjectID
  scalar GitRefname
  scalar URI

  type Query {
    nodes(ids: [ID!]!): [Node]!
    repository(name: String!, owner: String!): Repository
  }

  type Mutation {
    resolveReviewThread(input: ResolveReviewThreadInput!): ResolveReviewThreadPayload
    disablePullRequestAutoMerge(input: DisablePullRequestAutoMergeInput!): DisablePullRequestAutoMergePayload
    enablePullRequestAutoMerge(input: EnablePullRequestAutoMergeInput!): EnablePullRequestAutoMergePayload
    updateRefs(input: UpdateRefsInput!): UpdateRefsPayload
  }

  input ResolveReviewThreadInput {
    clientMutationId: String
    threadId: ID!
  }

  type ResolveReviewThreadPayload {
    clientMutationId: String
    thread: PullRequestReviewThread
  }

  input DisablePullRequestAutoMergeInput {
    clientMutationId: String
    pullRequestId: ID!
  }

  type DisablePullRequestAutoMergePayload {
    clientMutationId: String
  }

  input EnablePullRequestAutoMergeInput {
    clientMutationId: String
    expectedHeadOid: GitObjectID
    mergeMethod: PullRequestMergeMethod = MERGE
    pullRequestId: ID!
  }

  type EnablePullRequestAutoMergePayload {
    clientMutationId: String
    pullRequest: PullRequest
  }

  enum PullRequestMergeMethod {
    MERGE
    REBASE
    SQUASH
  }

  input UpdateRefsInput {
    clientMutationId: String
    refUpdates: [RefUpdate!]!
    repositoryId: ID!
  }

  input RefUpdate {
    afterOid: GitObjectID!
    beforeOid: GitObjectID
    force: Boolean = false
    name: GitRefname!
  }

  type UpdateRefsPayload {
    clientMutationId: String
  }

  interface Node {
    id: ID!
  }

  interface Actor {
    login: String!
  }

  interface RepositoryOwner {
    login: String!
  }

  type Bot implements Actor {
    databaseId: Int
    login: String!
  }

  type Organization implements Actor & RepositoryOwner {
    databaseId: Int
    login: String!
  }

  type User implements Actor & RepositoryOwner {
    databaseId: Int
    login: String!
  }

  type Repository {
    collaborators(first: Int, login: String): RepositoryCollaboratorConnection
    databaseId: Int
    defaultBranchRef: Ref
    id: ID!
    isArchived: Boolean!
    issue(number: Int!): Issue
    issues(after: String, filterBy: IssueFilters, first: Int, labels: [String!], orderBy: IssueOrder, states: [IssueState!]): IssueConnection!
    name: String!
    object(expression: String, oid: GitObjectID): GitObject
    owner: RepositoryOwner!
    pullRequest(number: Int!): PullRequest
    pullRequests(after: String, first: Int, headRefName: String, labels: [String!], orderBy: IssueOrder, states: [PullRequestState!]): PullRequestConnection!
    pullRequestTemplates: [PullRequestTemplate!]
    ref(qualifiedName: String!): Ref
    url: URI!
  }

  type PullRequestTemplate {
    body: String
    filename: String
  }

  type RepositoryCollaboratorConnection {
    edges: [RepositoryCollaboratorEdge]
  }

  type RepositoryCollaboratorEdge {
    node: User!
    permission: RepositoryPermission!
  }

  enum RepositoryPermission {
    ADMIN
    MAINTAIN
    READ
    TRIAGE
    WRITE
  }

  type Ref {
    name: String!
    target: GitObject
  }

  interface GitObject {
    oid: GitObjectID!
  }

  type Blob implements GitObject {
    byteSize: Int!
    isBinary: Boolean
    isTruncated: Boolean!
    oid: GitObjectID!
    text: String
  }

  type Commit implements GitObject {
    message: String!
    oid: GitObjectID!
    parents(first: Int): CommitConnection!
    tree: Tree!
    url: URI!
  }

  type CommitConnection {
    nodes: [Commit]
  }

  type Tag implements GitObject {
    oid: GitObjectID!
  }

  type Tree implements GitObject {
    oid: GitObjectID!
  }

  type Issue {
    author: Actor
    body: String!
    closedByPullRequestsReferences(first: Int): PullRequestConnection
    comments(first: Int): IssueCommentConnection!
    createdAt: DateTime!
    fullDatabaseId: BigInt
    labels(first: Int): LabelConnection
    lastEditedAt: DateTime
    locked: Boolean!
    number: Int!
    state: IssueState!
    timelineItems(itemTypes: [IssueTimelineItemsItemType!], last: Int): IssueTimelineItemsConnection!
    title: String!
    url: URI!
  }

  input IssueFilters {
    since: DateTime
  }

  input IssueOrder {
    direction: OrderDirection!
    field: IssueOrderField!
  }

  enum IssueOrderField {
    COMMENTS
    CREATED_AT
    UPDATED_AT
  }

  enum OrderDirection {
    ASC
    DESC
  }

  type IssueConnection {
    nodes: [Issue]
    pageInfo: PageInfo!
  }

  type PageInfo {
    endCursor: String
    hasNextPage: Boolean!
  }

  enum IssueTimelineItemsItemType {
    ASSIGNED_EVENT
    LABELED_EVENT
    RENAMED_TITLE_EVENT
  }

  type IssueTimelineItemsConnection {
    nodes: [IssueTimelineItems]
  }

  union IssueTimelineItems = AssignedEvent | LabeledEvent | RenamedTitleEvent

  union Assignee = Bot | Organization | User

  type AssignedEvent {
    actor: Actor
    assignee: Assignee
    createdAt: DateTime!
  }

  type LabeledEvent {
    actor: Actor
    createdAt: DateTime!
    label: Label!
  }

  type RenamedTitleEvent {
    createdAt: DateTime!
  }

  enum IssueState {
    CLOSED
    OPEN
  }

  type LabelConnection {
    nodes: [Label]
  }

  type Label {
    name: String!
  }

  type IssueCommentConnection {
    nodes: [IssueComment]
    totalCount: Int!
  }

  type IssueComment implements Node {
    body: String!
    fullDatabaseId: BigInt
    id: ID!
    reactionGroups: [ReactionGroup!]
    updatedAt: DateTime!
    url: URI!
    viewerDidAuthor: Boolean!
  }

  type ReactionGroup {
    content: ReactionContent!
    viewerHasReacted: Boolean!
  }

  enum ReactionContent {
    CONFUSED
    EYES
    HEART
    HOORAY
    LAUGH
    ROCKET
    THUMBS_DOWN
    THUMBS_UP
  }

  type PullRequestConnection {
    nodes: [PullRequest]
    pageInfo: PageInfo!
    totalCount: Int!
  }

  type AutoMergeRequest {
    enabledAt: DateTime
    enabledBy: Actor
    mergeMethod: PullRequestMergeMethod!
  }

  type PullRequest {
    author: Actor
    autoMergeRequest: AutoMergeRequest
    baseRefName: String!
    body: String!
    comments(first: Int): IssueCommentConnection!
    createdAt: DateTime!
    headRefName: String!
    headRefOid: GitObjectID!
    id: ID!
    isCrossRepository: Boolean!
    isDraft: Boolean!
    lastEditedAt: DateTime
    latestOpinionatedReviews(first: Int, writersOnly: Boolean): PullRequestReviewConnection
    locked: Boolean!
    mergeable: MergeableState!
    number: Int!
    reviewThreads(after: String, first: Int): PullRequestReviewThreadConnection!
    state: PullRequestState!
    statusCheckRollup: StatusCheckRollup
    timelineItems(itemTypes: [PullRequestTimelineItemsItemType!], last: Int): PullRequestTimelineItemsConnection!
    title: String!
    url: URI!
  }

  type StatusCheckRollup {
    state: StatusState!
  }

  enum StatusState {
    ERROR
    EXPECTED
    FAILURE
    PENDING
    SUCCESS
  }

  enum PullRequestTimelineItemsItemType {
    AUTO_MERGE_DISABLED_EVENT
    AUTO_MERGE_ENABLED_EVENT
    LABELED_EVENT
    READY_FOR_REVIEW_EVENT
    RENAMED_TITLE_EVENT
    REOPENED_EVENT
  }

  type PullRequestTimelineItemsConnection {
    nodes: [PullRequestTimelineItems]
  }

  type AutoMergeDisabledEvent {
    createdAt: DateTime!
  }

  type AutoMergeEnabledEvent {
    createdAt: DateTime!
  }

  type ReadyForReviewEvent {
    actor: Actor
    createdAt: DateTime!
  }

  type ReopenedEvent {
    actor: Actor
    createdAt: DateTime!
  }

  union PullRequestTimelineItems = AutoMergeDisabledEvent | AutoMergeEnabledEvent | LabeledEvent | ReadyForReviewEvent | RenamedTitleEvent | ReopenedEvent

  type PullRequestReviewThreadConnection {
    nodes: [PullRequestReviewThread]
    pageInfo: PageInfo!
  }

  type PullRequestReviewThread {
    comments(first: Int, last: Int): PullRequestReviewCommentConnection!
    id: ID!
    isOutdated: Boolean!
    isResolved: Boolean!
    line: Int
    path: String!
    resolvedBy: User
  }

  type PullRequestReviewCommentConnection {
    nodes: [PullRequestReviewComment]
    pageInfo: PageInfo!
  }

  type PullRequestReviewComment {
    author: Actor
    body: String!
    createdAt: DateTime!
    fullDatabaseId: BigInt
    pullRequestReview: PullRequestReview
    viewerDidAuthor: Boolean!
  }

  type PullRequestReviewConnection {
    nodes: [PullRequestReview]
  }

  type PullRequestReview {
    author: Actor
    commit: Commit
    fullDatabaseId: BigInt
    state: PullRequestReviewState!
    submittedAt: DateTime
  }

  enum PullRequestReviewState {
    APPROVED
    CHANGES_REQUESTED
    COMMENTED
    DISMISSED
    PENDING
  }

  enum MergeableState {
    CONFLICTING
    MERGEABLE
    UNKNOWN
  }

  enum PullRequestState {
    CLOSED
    MERGED
    OPEN
  }
`;

export const servedSchema = buildSchema(SERVED_SCHEMA);
