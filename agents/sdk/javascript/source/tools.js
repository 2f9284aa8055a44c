/** Calling the tools that the bench mounted for this session. */

import * as host from '#conversation';
import { ToolError, asking } from './errors.js';
import { text } from './text.js';
import { started } from './waits.js';

/** The session's tools, with their schemas as values. */
export const listTools = () =>
  host.listTools().map((tool) => ({
    name: tool.name,
    description: tool.description,
    inputSchema: JSON.parse(tool.inputSchema),
    outputSchema: tool.outputSchema ? JSON.parse(tool.outputSchema) : undefined,
    annotations: { ...tool.annotations },
  }));

/**
 * Calls a tool at once, and gives a promise of its output, a text. Arguments are a value, or a text
 * that is passed on as it is.
 */
export function callTool(name, argumentsOf = {}) {
  const json = typeof argumentsOf === 'string' ? argumentsOf : JSON.stringify(argumentsOf);
  const pending = asking(ToolError, () =>
    host.startTool(text(name, "the tool's name"), text(json, 'the arguments')),
  );
  return started(() => asking(ToolError, pending.wait));
}
