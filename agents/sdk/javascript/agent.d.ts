/** What an agent is written with. */

import type { JsonSchema, ToolAnnotations } from './source/shared.js';

export {
  Failure,
  ToolError,
  config,
  log,
  now,
  randomBytes,
  randomU64,
  sleep,
} from './source/shared.js';
export type { JsonSchema, LogLevel, ToolAnnotations, ToolErrorKind } from './source/shared.js';

/** What the agent is asked to do. */
export interface Task {
  /** The task's name in the bench. */
  name: string;
  /** The task itself: the user's opening words. */
  input: string;
}

/** An agent, as the default export of its module. */
export interface Agent {
  run(task: Task): { answer: string };
}

/**
 * An agent: `work` is called with the task and gives the answer. What it throws ends the session: a
 * `Failure`, or an error of a model, tool or the user that nobody caught, as the agent's failure;
 * anything else as a crash, with its trace in the journal.
 */
export function agent(work: (task: Task) => string | Promise<string>): Agent;

/** A model's request to call a tool. */
export interface ToolCall {
  /** Names the call inside the conversation. */
  id: string;
  /** The tool's name. */
  name: string;
  /** The arguments, as JSON text of an object. */
  arguments: string;
}

/** One message of a conversation. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  toolCalls?: ToolCall[];
  toolCallId?: string;
}

/** Instructions from the agent's author. */
export function system(content: string): Message;

/** What the person, or program, the agent works for says. */
export function user(content: string): Message;

/** What the model said before; a reply's `message` is one already. */
export function assistant(content: string, toolCalls?: ToolCall[]): Message;

/** The output of the tool call that a model asked for. */
export function toolOutput(toolCallId: string, content: string): Message;

/** A tool as it is offered to a model. */
export interface ToolDefinition {
  name: string;
  description: string;
  inputSchema: JsonSchema | string;
  outputSchema?: JsonSchema | string;
  annotations?: ToolAnnotations;
}

/** Options of a chat; what is left out is the machine's choice. */
export interface ChatOptions {
  /** The model's name, in place of the bench's. */
  model?: string;
  /** The tools that the model may call. */
  tools?: ToolDefinition[];
  /** The most tokens that the reply may have. */
  maxOutputTokens?: number;
  /** Sampling temperature, 0 or more. */
  temperature?: number;
  /** Nucleus sampling, over 0 and up to 1. */
  topP?: number;
  /** Seed of the sampling. */
  seed?: number;
  /** Texts that end the reply before they are written. */
  stop?: string[];
  /** Whether the model may call tools. */
  toolChoice?: 'auto' | 'none' | 'required' | { named: string };
  /** JSON Schema that the reply's text must obey. */
  responseSchema?: JsonSchema | string;
}

/** A question to a model. */
export interface ChatRequest extends ChatOptions {
  /** The conversation so far, oldest first, at least one message. */
  messages: Message[];
}

/** Where the time of one chat went, in nanoseconds of the session's clock. */
export interface Timing {
  queueNs: number;
  prefillNs: number;
  transferNs: number;
  decodeNs: number;
  timeToFirstTokenNs: number;
  endToEndNs: number;
}

/** A model's reply. */
export interface ChatReply {
  /** The assistant's message, ready for the next request. */
  message: Message;
  /** Its text. */
  text: string;
  /** The tools that it asks for. */
  toolCalls: ToolCall[];
  finishReason: 'stop' | 'length' | 'tool-calls' | 'content-filter';
  usage: { inputTokens: number; cachedInputTokens: number; outputTokens: number };
  timing: Timing;
  /** The model that answered. */
  model: string;
  /** The machine that served it. */
  machine: string;
}

/** Why a chat gave no reply. */
export type ModelErrorKind =
  | 'refused'
  | 'unknown-model'
  | 'context-too-long'
  | 'over-budget'
  | 'invalid-request'
  | 'unavailable';

/** A chat gave no reply. */
export class ModelError extends Error {
  constructor(kind: ModelErrorKind, message: string);
  readonly kind: ModelErrorKind;
}

/** A chat was cancelled before its reply came. */
export class Cancelled extends Error {}

/** A chat under way. */
export interface PendingChat extends Promise<ChatReply> {
  /** Ends the chat; its promise is rejected with `Cancelled`. */
  cancel(): void;
}

/**
 * Asks a model at once, and gives a promise of the reply. Chats that are started before the first
 * is awaited overlap in time.
 */
export function chat(request: ChatRequest): PendingChat;

/** A piece of a streamed reply. */
export interface ChatPiece {
  /** Text that follows the text of the pieces before. */
  content: string;
  /** Output tokens up to the end of this piece. */
  outputTokens: number;
}

/** A reply that arrives in pieces. Leaving a `for await` loop early ends the chat. */
export interface ChatStream extends AsyncIterable<ChatPiece> {
  /** Waits for the end and gives the whole reply, pieces already taken included. */
  finish(): Promise<ChatReply>;
  /** Ends the chat. */
  cancel(): void;
}

/** Asks a model at once for a reply that arrives in pieces. */
export function stream(request: ChatRequest): ChatStream;

/** The session's tools, in the order of the bench. */
export function listTools(): ToolDefinition[];

/**
 * Calls a tool at once, and gives a promise of its output. Arguments are a value, or JSON text that
 * is passed on as it is. Calls that are started before the first is awaited overlap in time.
 */
export function callTool(name: string, argumentsOf?: object | string): Promise<string>;

/** A question to the user gave no answer. */
export class UserError extends Error {
  constructor(kind: 'nobody' | 'gone', message: string);
  readonly kind: 'nobody' | 'gone';
}

/** Says something to the user and gives a promise of the answer. */
export function askUser(message: string): Promise<string>;

/** A part of the session's work, for timelines. */
export interface Span {
  /** Ends it. */
  end(): void;
}

/** Begins a part of the session's work. */
export function span(name: string): Span;

/** Does `work` as a part of the session's work called `name`, and gives what it gives. */
export function inSpan<Value>(name: string, work: () => Value | Promise<Value>): Promise<Value>;

/** What is left of the session's budgets; `undefined` is unlimited. */
export interface Budget {
  timeNs?: number;
  modelCalls?: number;
  toolCalls?: number;
  outputTokens?: number;
}

/** What is left of the session's budgets now. */
export function budgetLeft(): Budget;

/** What the tool loop works on. */
export interface ToolLoopOptions extends ChatOptions {
  /** The agent's instructions. */
  system?: string;
  /** The user's opening words. */
  input: string;
  /** The most chats; 12 if it is left out. */
  maxTurns?: number;
}

/**
 * Chats with the session's tools, or with `tools`, until the model asks for none, and gives the
 * text of its last reply. The tools that one reply asks for are called at once.
 */
export function toolLoop(options: ToolLoopOptions): Promise<string>;
