/** {{name}}: answers a question, after it has looked for reasons on both sides at once. */

import { Failure, agent, chat, user } from './sdk/agent.js';

const ask = (text: string) => chat({ messages: [user(text)] });

export default agent(async ({ input: question }) => {
  const reasons = await Promise.all([
    ask(`Give the best reason for it. ${question}`),
    ask(`Give the best reason against it. ${question}`),
  ]);
  const weighed = reasons.map((reason) => reason.text).join('\n');
  const answer = await ask(`Weigh the reasons. ${question}\n${weighed}`);
  if (answer.text === '') {
    throw new Failure('the model gave an empty answer');
  }
  return answer.text;
});
