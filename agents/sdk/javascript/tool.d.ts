/** What a tool plugin is written with. */

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

declare const value: unique symbol;
declare const presence: unique symbol;

/** The declaration of a field whose values are of type `Value`. */
export interface Field<Value, Presence extends 'required' | 'optional' = 'required'> {
  readonly [value]?: Value;
  readonly [presence]?: Presence;
  /** The field's JSON Schema. */
  readonly schema: JsonSchema;
  /** The field may be left out. */
  optional(): Field<Value | undefined, 'optional'>;
  /** The field may be left out, and is `fallback` then. */
  default(fallback: Value): Field<Value, Presence>;
  /** What the field means, for the model to read. */
  describe(description: string): Field<Value, Presence>;
}

/** A field of any type. */
export type AnyField = Field<any, any>;

/** Fields by their names: short for a record of them. */
export type Fields = { [name: string]: AnyField };

type ValueOf<Declared> = Declared extends Field<infer Value, any> ? Value : never;

type OptionalNames<Declared extends Fields> = {
  [Name in keyof Declared]: Declared[Name] extends Field<any, 'optional'> ? Name : never;
}[keyof Declared];

type Flat<Type> = { [Name in keyof Type]: Type[Name] };

/** The values of declared fields. */
export type Values<Declared extends Fields> = Flat<
  { [Name in Exclude<keyof Declared, OptionalNames<Declared>>]: ValueOf<Declared[Name]> } & {
    [Name in OptionalNames<Declared>]?: ValueOf<Declared[Name]>;
  }
>;

/** The value of a field, or of a record of fields. */
export type Value<Declared> = Declared extends Fields
  ? Values<Declared>
  : Declared extends AnyField
    ? ValueOf<Declared>
    : never;

/** A text. */
export function string(): Field<string>;

/** A number. */
export function number(): Field<number>;

/** A whole number. */
export function integer(): Field<number>;

/** True or false. */
export function boolean(): Field<boolean>;

/** Any JSON value. */
export function json(): Field<unknown>;

/** One of these texts. */
export function choice<const Texts extends readonly string[]>(
  ...texts: Texts
): Field<Texts[number]>;

/** A list of values that all obey `item`. */
export function list<Item>(item: Field<Item, any>): Field<Item[]>;

/** An object with these fields and no others. */
export function record<Declared extends Fields>(fields: Declared): Field<Values<Declared>>;

/** What a call has beside its arguments. */
export interface Call {
  /** The arguments as the model wrote them. */
  argumentsText: string;
}

/** What is declared of a tool. */
export interface ToolDeclaration<Input extends Fields, Output> {
  /** 1 to 64 of the characters `a-z A-Z 0-9 _ -`. */
  name: string;
  /** What the tool does, for the model to read. */
  description: string;
  /** The arguments; none if it is left out. */
  input?: Input;
  /** The output, which is JSON then; otherwise it is a text, or any value that becomes JSON. */
  output?: Output;
  annotations?: ToolAnnotations;
}

/** A tool of a plugin. */
export interface Tool {
  readonly name: string;
}

/** A tool whose output is declared. */
export function tool<Input extends Fields, Output extends Fields | AnyField>(
  declaration: ToolDeclaration<Input, Output> & { output: Output },
  work: (input: Values<Input>, call: Call) => Value<Output> | Promise<Value<Output>>,
): Tool;

/** A tool whose output is a text, or any value. */
export function tool<Input extends Fields = {}>(
  declaration: ToolDeclaration<Input, undefined>,
  work: (input: Values<Input>, call: Call) => unknown,
): Tool;

/** A tool plugin, as the default export of its module. */
export interface Plugin {
  definitions(): object[];
  call(name: string, argumentsText: string): string;
}

/**
 * A plugin of these tools. What a tool throws is its error: a `ToolError` of a kind, or `failed`
 * with the text of a `Failure` or of a file's or HTTP's error; anything else is a crash.
 */
export function plugin(tools: Tool[]): Plugin;

/** A file could not be read or written. */
export class FileError extends Error {
  constructor(kind: 'refused' | 'not-found' | 'invalid-path', message: string);
  readonly kind: 'refused' | 'not-found' | 'invalid-path';
}

/** What is known of a file. */
export interface FileInfo {
  path: string;
  /** The length in bytes. */
  length: number;
}

/** The granted files whose path begins with `prefix`, sorted by path. */
export function listFiles(prefix?: string): FileInfo[];

/** The bytes of a file. */
export function readFile(path: string): Uint8Array;

/** The text of a file in UTF-8. */
export function readTextFile(path: string): string;

/** At most `length` bytes of a file from `offset`. */
export function readFileRange(path: string, offset: number, length: number): Uint8Array;

/** Writes a whole file, a text or bytes, in place of what it held. */
export function writeFile(path: string, contents: string | Uint8Array): void;

/** Removes a file. */
export function removeFile(path: string): void;

/** A fetch gave no response. */
export class HttpError extends Error {
  constructor(kind: 'refused' | 'invalid-request' | 'timeout' | 'failed', message: string);
  readonly kind: 'refused' | 'invalid-request' | 'timeout' | 'failed';
}

/** What a fetch sends beside its address. */
export interface FetchOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** A response, whatever its status says. */
export interface FetchResponse {
  status: number;
  /** Whether the status is from 200 to 299. */
  ok: boolean;
  /** Names, in lower case, and values, in the server's order. */
  headers: [name: string, value: string][];
  body: Uint8Array;
  text(): string;
  json(): unknown;
}

/** Sends a request over HTTP and gives a promise of the whole response. */
export function fetch(url: string, options?: FetchOptions): Promise<FetchResponse>;
