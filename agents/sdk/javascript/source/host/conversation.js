/** The host's models, tools and user: what an agent has beside its session. */

import * as model from 'timeslip:agent/model-blocking@0.1.0';
import * as tools from 'timeslip:agent/tools-blocking@0.1.0';
import * as user from 'timeslip:agent/user-blocking@0.1.0';
import { drop, wide } from './session.js';

const toHost = (request) => {
  const { seed } = request.options;
  return seed === undefined
    ? request
    : { ...request, options: { ...request.options, seed: wide(seed) } };
};

function waitFor(pending) {
  try {
    return pending.wait();
  } finally {
    drop(pending);
  }
}

export function startChat(request) {
  const pending = model.start(toHost(request));
  return { wait: () => waitFor(pending), drop: () => drop(pending) };
}

export function openStream(request) {
  const stream = new model.ChatStream(toHost(request));
  return {
    next: () => stream.next() ?? undefined,
    finish: () => stream.finish(),
    drop: () => drop(stream),
  };
}

export const listTools = tools.list;

export function startTool(name, argumentsText) {
  const pending = tools.start(name, argumentsText);
  return { wait: () => waitFor(pending) };
}

export const ask = user.ask;
