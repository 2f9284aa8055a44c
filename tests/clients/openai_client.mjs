// What the openai package of npm gets from the servers whose addresses stand in the environment.

import assert from "node:assert/strict";
import OpenAI from "openai";

const model = "llama-3.3-70b";
const hello = [{ role: "user", content: "Hello" }];
const asked = [{ role: "user", content: "What is the weather in Paris?" }];
const tokens = 16;
const said = "Hello from a modelled machine, which says these words one after the other.";
const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
};

function client(name = "SERVED", options = {}) {
  return new OpenAI({ baseURL: process.env[name], apiKey: "secret", maxRetries: 0, ...options });
}

async function chats(server) {
  const reply = await server.chat.completions.create({ model, messages: hello });
  assert.equal(reply.choices[0].message.content, said);
  assert.equal(reply.usage.completion_tokens, tokens);
  const stream = await server.chat.completions.create({
    model,
    messages: hello,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let events = 0;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? "";
    events += 1;
  }
  assert.deepEqual([text, events], [said, tokens + 1]);
}

async function tools(server) {
  const calls = [];
  const runner = server.chat.completions.runTools({
    model,
    messages: asked,
    stream: true,
    tools: [
      {
        type: "function",
        function: {
          name: "get_weather",
          description: "Says it.",
          parameters,
          parse: JSON.parse,
          function: ({ city }) => {
            calls.push(city);
            return "snowy";
          },
        },
      },
    ],
  });
  assert.equal(await runner.finalContent(), "The weather is snowy.");
  assert.deepEqual(calls, ["Paris"]);
}

async function responses(server) {
  const response = await server.responses.create({ model, input: "Hello" });
  assert.equal(response.output_text, said);
  const tool = { type: "function", name: "get_weather", parameters, strict: true };
  const stream = server.responses.stream({ model, input: asked, tools: [tool] });
  const kinds = new Set();
  for await (const event of stream) kinds.add(event.type);
  const final = await stream.finalResponse();
  assert.ok(kinds.has("response.function_call_arguments.done"), [...kinds].join());
  assert.deepEqual(JSON.parse(final.output[0].arguments), { city: "Paris" });
}

async function errors(server) {
  const ask = (more) => server.chat.completions.create({ model, messages: hello, ...more });
  await assert.rejects(ask({ model: "gpt-5" }), OpenAI.NotFoundError);
  await assert.rejects(ask({ n: 2 }), (error) => error.status === 400 && error.param === "n");
  const stranger = client("SERVED", { apiKey: "wrong" });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
}

async function faults() {
  const ask = (name, options) =>
    client(name, options).chat.completions.create({ model, messages: hello });
  await assert.rejects(ask("FAULT_STATUS_429"), OpenAI.RateLimitError);
  await assert.rejects(ask("FAULT_STATUS_503"), OpenAI.InternalServerError);
  await assert.rejects(ask("FAULT_HANG", { timeout: 500 }), OpenAI.APIConnectionTimeoutError);
  await assert.rejects(ask("FAULT_CUT"));
  await ask("FAULT_HALF", { maxRetries: 8 });
}

const server = client();
for (const check of [chats, tools, responses, errors]) await check(server);
const models = [];
for await (const one of server.models.list()) models.push(one.id);
assert.deepEqual(models, [model]);
await faults();
