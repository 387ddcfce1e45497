import type { DeliveryState } from "../../github/read/index.ts";
import type { Confirmed } from "../../github/write/index.ts";
import { effectKey } from "../intents.ts";
import { commitRefs, isCommitted } from "./commit-refs.ts";
import { applyEffect, stopEffect, type Outlet } from "./outlet.ts";

/** The record ref alone: a delivery without files is one in the order of all deliveries of the item. Its id is empty where no such ref can be had. */
export const recordOutlet: Outlet<"record"> = {
  apply({ record, oidLength }, context) {
    let seen: DeliveryState | null = null;
    const look = async (): Promise<Confirmed | null> => {
      const state = seen === null ? context.state : await context.look();
      seen = state;
      return isCommitted(context, state) ? { id: state.record?.sha ?? "", url: null } : null;
    };
    return applyEffect(context.runner, {
      key: effectKey("record", context.ticket.key),
      description: `record ref ${record.ref}`,
      lookUp: look,
      async write() {
        const committing = await commitRefs(context, seen ?? context.state, { record, oidLength, branch: null });
        if (committing.kind === "moved") return { id: committing.record ?? "", url: null };
        return (await look()) ?? stopEffect({ kind: "fenced", message: `${record.ref} moved while this run was about to write it.`, fix: "A later run goes on from the newest state." });
      },
    });
  },
};
