/** Who is asked when a session needs a person. Apart from the schemas, so that a host's start-up does not load them. */
export const AUTONOMIES = ["guided", "full_auto_stop_on_user_deps", "full_auto_never_stop"] as const;
/** How bold the work may be. */
export const RISK_POLICIES = ["conservative", "balanced", "aggressive"] as const;
