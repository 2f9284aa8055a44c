/** What an answer rests on. */

/** The tool whose documents may be cited. */
const READING_TOOL = 'read_document';

/** The texts in brackets that look like paths. */
export function cited(answer) {
  const [, ...rests] = answer.split('[');
  return rests
    .filter((rest) => rest.includes(']'))
    .map((rest) => rest.slice(0, rest.indexOf(']')))
    .filter((text) => text.includes('.') && !text.includes(' '));
}

function pathOf(call) {
  try {
    const { path } = JSON.parse(call.arguments);
    return typeof path === 'string' ? path : undefined;
  } catch {
    return undefined;
  }
}

/** The documents that were read, and may be cited. */
export class Citations {
  #read = new Set();

  /** Notes a call that gave its output. */
  note(call) {
    const path = pathOf(call);
    if (call.name === READING_TOOL && path !== undefined) {
      this.#read.add(path);
    }
  }

  /** What is wrong with the citations of an answer, for the model to read. */
  problem(answer) {
    const paths = cited(answer);
    const unread = paths.find((path) => !this.#read.has(path));
    if (unread !== undefined) {
      return `You cite ${unread}, which you have not read. Answer again.`;
    }
    if (paths.length === 0 && this.#read.size > 0) {
      const read = [...this.#read].sort().join(', ');
      return `You cite no document. You have read ${read}. Answer again.`;
    }
    return undefined;
  }
}
