// The MCP server's bundle (`npm run build`): a client waits for its first answer, so nothing is stripped or installed on the way.
import { main } from "../dist/mcp/main.js";

process.exitCode = await main(process.argv.slice(2));
