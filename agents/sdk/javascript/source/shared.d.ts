/** What agents and tool plugins have in common. */

/** The agent gives up, or the tool fails, with this message as the cause. */
export class Failure extends Error {}

/** How much a line of the journal matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes a line to the session's journal. */
export function log(level: LogLevel, message: string): void;

/** Milliseconds since the session began. */
export function now(): number;

/** Waits for this many milliseconds of the session's clock. */
export function sleep(milliseconds: number): Promise<void>;

/** Random bytes from the session's seed, at most 65,536. */
export function randomBytes(length: number): Uint8Array;

/** A random number of 64 bits from the session's seed. */
export function randomU64(): bigint;

/** The value that the bench configures under this key. */
export function config(key: string): string | undefined;

/** A JSON Schema. */
export type JsonSchema = Record<string, unknown>;

/** What a tool says of its own behaviour: hints for the one who decides whether to call it. */
export interface ToolAnnotations {
  /** The tool changes nothing. */
  readOnly?: boolean;
  /** The tool may destroy or overwrite something. */
  destructive?: boolean;
  /** Calling twice with the same arguments has no further effect. */
  idempotent?: boolean;
  /** The tool reaches beyond the session: the network, other services, people. */
  openWorld?: boolean;
}

/** Why a tool call gave no output. */
export type ToolErrorKind =
  | 'unknown-tool'
  | 'refused'
  | 'invalid-arguments'
  | 'failed'
  | 'invalid-output'
  | 'crashed'
  | 'over-budget';

/** A tool call gave no output; a tool plugin throws it as well. */
export class ToolError extends Error {
  constructor(kind: ToolErrorKind, message: string);
  readonly kind: ToolErrorKind;
}
