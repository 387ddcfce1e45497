import { z } from "zod";
import { gitOidSchema, sha256Schema } from "./envelope.ts";

export const snapshotRefSchema = z.object({ base: gitOidSchema, tree: gitOidSchema, manifest: sha256Schema, changedFiles: z.int().min(0) });
/** A saved state of the workspace: the tree, the commit it builds on, and the blob that lists the files that differ. */
export type SnapshotRef = z.infer<typeof snapshotRefSchema>;
