import {
  Failure,
  budgetLeft,
  chat,
  config,
  inSpan,
  log,
  now,
  randomBytes,
  randomU64,
  sleep,
  user,
} from './sdk/agent.js';

async function sleepAndClock() {
  const [start, dateStart] = [now(), Date.now()];
  await sleep(1000);
  const [slept, dateSlept] = [now() - start, Date.now() - dateStart];
  if (slept < 1000 || slept >= 1010 || Math.abs(slept - dateSlept) > 10) {
    throw new Failure(`slept ${slept} ms, and ${dateSlept} ms by Date.now()`);
  }
  return 'slept';
}

function random() {
  const words = [randomU64(), randomU64()].map((word) => word.toString(16));
  const bytes = Array.from(randomBytes(5), (byte) => byte.toString(16).padStart(2, '0'));
  return [...words, bytes.join('')].join(' ');
}

async function journal() {
  for (const level of ['debug', 'info', 'warn', 'error']) {
    log(level, `at ${level}`);
  }
  await inSpan('work', () => sleep(5));
  return 'logged';
}

async function budget() {
  const before = budgetLeft();
  await chat({ messages: [user('Say hello.')] });
  const { modelCalls } = budgetLeft();
  const shown = (count) => count ?? 'none';
  const left = [before.timeNs, before.modelCalls, before.toolCalls, before.outputTokens];
  return `${left.map(shown).join(' ')} ${shown(before.modelCalls)}->${shown(modelCalls)}`;
}

export const session = {
  'sleep-and-clock': sleepAndClock,
  random,
  journal,
  config: () => `${config('greeting')}/${config('missing') ?? 'none'}`,
  'budget-left': budget,
};
