export { invoice } from "./invoice.js";
export { quote } from "./quote.js";
export { statement } from "./statement.js";
