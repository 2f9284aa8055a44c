/** The agent gives up: its session counts as failed, with this message as the cause. */
export class Failure extends Error {
  name = 'Failure';
}

class KindError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/** A chat gave no reply. */
export class ModelError extends KindError {
  name = 'ModelError';
  what = 'the model gave no reply';
}

/** A tool call gave no output; a tool plugin throws it as well. */
export class ToolError extends KindError {
  name = 'ToolError';
  what = 'the tool gave no output';
}

/** A question to the user gave no answer. */
export class UserError extends KindError {
  name = 'UserError';
  what = 'the user gave no answer';
}

/** A file could not be read or written. */
export class FileError extends KindError {
  name = 'FileError';
}

/** A fetch gave no response. */
export class HttpError extends KindError {
  name = 'HttpError';
}

/** Whether the SDK made the error: what happens to a session, and no defect of the program. */
export function isExpected(error) {
  return error instanceof Failure || error instanceof KindError;
}

/** What a session fails with when nobody catches an error that the SDK made. */
export const failureText = ({ what, message }) =>
  what === undefined ? message : `${what}: ${message}`;

/** Calls the host, and throws its error as one of `type`. */
export function asking(type, call) {
  try {
    return call();
  } catch (error) {
    const { tag, val } = error?.payload ?? {};
    throw tag === undefined ? error : new type(tag, val);
  }
}
