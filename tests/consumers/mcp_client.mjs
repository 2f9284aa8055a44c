// Lists and calls our tools with the TypeScript SDK: mcp_client.mjs MODULES URL, or
// mcp_client.mjs MODULES COMMAND...
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, ...place] = process.argv.slice(2);
const require = createRequire(`${modules}/node_modules/`);
const sdk = (path) => import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${path}`)));
const { Client } = await sdk("client/index.js");
const { StdioClientTransport } = await sdk("client/stdio.js");
const { StreamableHTTPClientTransport } = await sdk("client/streamableHttp.js");

const transport = place[0].startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(place[0]))
  : new StdioClientTransport({ command: place[0], args: place.slice(1) });
const client = new Client({ name: "test", version: "0" });
await client.connect(transport);

const { tools } = await client.listTools();
const names = tools.map((tool) => tool.name);
assert.ok(names.includes("calculate") && names.includes("echo"), names.join());
const said = await client.callTool({ name: "echo", arguments: { text: "hello" } });
assert.equal(said.content[0].text, "hello");
assert.ok(said._meta["timeslip/e2e_ns"] > 0);
const failed = await client.callTool({ name: "fail", arguments: {} });
assert.equal(failed.isError, true);
await assert.rejects(client.callTool({ name: "ecko", arguments: {} }), /nearest is "echo"/);
await client.close();
