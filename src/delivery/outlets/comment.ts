import { commentEffect } from "../../github/write/index.ts";
import { marker } from "../names.ts";
import { applyEffect, type Outlet } from "./outlet.ts";

/** A comment in words on the item's issue, one a ticket. */
export const commentOutlet: Outlet<"comment"> = {
  apply(intent, { github, repository, runner, publisher, ticket }) {
    const target = { github, repository, issueNumber: intent.issueNumber, author: { appId: publisher.appId, botLogin: publisher.botLogin } };
    return applyEffect(runner, commentEffect(target, { marker: marker("comment", ticket), body: intent.body }));
  },
};
