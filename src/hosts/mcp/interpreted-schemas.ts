/**
 * Imported before anything that makes a schema: a server that has just started parses each kind of message once or twice, and
 * generating code for each schema on its first use takes longer than all that parsing (15 ms of the start).
 */
import { config } from "zod";

config({ jitless: true });
