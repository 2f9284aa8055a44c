/** {{name}}: tools for texts. */

import { Failure, choice, integer, plugin, string, tool } from './sdk/tool.js';

const countWords = tool(
  {
    name: 'count_words',
    description: 'Counts the words of a text, and finds the longest.',
    input: {
      text: string().describe('The text.'),
      order: choice('first', 'last')
        .default('first')
        .describe('Which one to take of words that are equally long.'),
    },
    output: { words: integer(), longest: string() },
    annotations: { readOnly: true, idempotent: true },
  },
  ({ text, order }) => {
    const words = text.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) {
      throw new Failure('the text has no words');
    }
    const candidates = order === 'first' ? words : words.toReversed();
    const longest = candidates.reduce((best, word) => (word.length > best.length ? word : best));
    return { words: words.length, longest };
  },
);

export default plugin([countWords]);
