export { EXCHANGE_GROUPS, exchangeAnswerSchema, exchangeRequestSchema, type ExchangeAnswer, type ExchangeGroup } from "./exchange.ts";
export { permissionVerdict, type PermissionVerdict, type StartRole } from "./permission-verdict.ts";
export { decodeTask, encodeTask, TASK_NOT_CARRIED, taskDigest, withGoal, type TaskRefusal, type TaskText } from "./task-text.ts";
export { publicTicketKey, signTicket, verifyTicket, type TicketRefusal } from "./ticket-signature.ts";
export { personOf, type GateAnswer, type RunWish, type Ticket } from "./ticket.ts";
