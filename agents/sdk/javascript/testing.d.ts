/** A session for tests: agents and tool plugins run in Node on words that the test gives. */

import type { Agent, Budget, ChatReply, ChatRequest, LogLevel, ToolCall } from './agent.js';
import type { Plugin } from './tool.js';

/** What a model says: a text, more of a reply, an error, or what a function gives. */
export type FakeReply =
  | string
  | Error
  | (Partial<ChatReply> & { text?: string; toolCalls?: ToolCall[]; takesNs?: number })
  | ((request: ChatRequest) => string | Error | Partial<ChatReply>);

/** What a tool gives: a text, one that takes time, or what a function of the arguments gives. */
export type FakeOutput =
  | string
  | { text: string; takesNs: number }
  | ((argumentsText: string) => string | { text: string; takesNs: number });

/** What happens in a session that a test makes up. */
export interface FakeScript {
  /** The models' replies, one for each chat. */
  replies?: FakeReply[];
  /** The outputs of tools, by the tools' names. */
  outputs?: Record<string, FakeOutput>;
  /** Plugins whose definitions `listTools` gives. */
  tools?: Plugin[];
  /** What the user answers, one for each question. */
  answers?: string[];
  /** The responses of fetches. */
  responses?: object[];
  /** The granted files. */
  files?: Record<string, string | Uint8Array>;
  /** The component's configuration. */
  config?: Record<string, string>;
  /** What is left of the budgets. */
  budget?: Budget;
}

/** A session, and what was asked in it. */
export interface FakeSession {
  requests: (ChatRequest & { options: Record<string, unknown> })[];
  toolCalls: { name: string; arguments: string }[];
  questions: string[];
  fetched: object[];
  journal: { level: LogLevel; message: string }[];
  spans: { name: string; beginNs: number; endNs?: number }[];
  files: Record<string, string | Uint8Array>;
  nowNs: number;
  cancelledChats: number;
  cancelledStreams: number;
  /** Runs an agent on a task, and gives its answer. */
  run(agent: Agent, input: string): Promise<string>;
  /** Calls a tool of a plugin, and gives its output. */
  call(plugin: Plugin, name: string, argumentsOf: object | string): Promise<string>;
}

/** Makes a session that the SDK's functions see from now on. */
export function fakeSession(script?: FakeScript): FakeSession;
