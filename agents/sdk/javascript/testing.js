/** A session for tests: agents and tool plugins run in Node on words that the test gives. */

import { use } from './source/fake/state.js';

/** Makes a session that `chat`, `callTool`, `askUser`, … of the SDK see from now on. */
export function fakeSession(script = {}) {
  const session = {
    replies: [...(script.replies ?? [])],
    outputs: { ...script.outputs },
    tools: script.tools ?? [],
    answers: [...(script.answers ?? [])],
    responses: [...(script.responses ?? [])],
    files: { ...script.files },
    config: { ...script.config },
    budget: { ...script.budget },
    random: 1,
    nowNs: 0,
    cancelledChats: 0,
    cancelledStreams: 0,
    requests: [],
    toolCalls: [],
    questions: [],
    fetched: [],
    journal: [],
    spans: [],
    async run(agent, input) {
      use(session);
      const { answer } = await agent.run({ name: 'test', input });
      return answer;
    },
    async call(plugin, name, argumentsOf) {
      use(session);
      const json = typeof argumentsOf === 'string' ? argumentsOf : JSON.stringify(argumentsOf);
      return plugin.call(name, json);
    },
  };
  use(session);
  return session;
}
