"""What the openai package of PyPI gets from the servers whose addresses stand in the environment."""

import json
import os
import time

import openai
from openai import OpenAI

MODEL = "llama-3.3-70b"
HELLO = [{"role": "user", "content": "Hello"}]
TOKENS = 16
SAID = "Hello from a modelled machine, which says these words one after the other."
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Says it.", "parameters": PARAMETERS},
}
ASKED = [{"role": "user", "content": "What is the weather in Paris?"}]


def client(name="SERVED", **options):
    return OpenAI(base_url=os.environ[name], api_key="secret", **({"max_retries": 0} | options))


def fails(kind, ask, status=None, code=None):
    """The error of this kind that the client raises."""
    try:
        ask()
    except kind as error:
        if status is not None:
            assert error.status_code == status, error
        if code is not None:
            assert error.code == code, error
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def chats(server):
    reply = server.chat.completions.create(model=MODEL, messages=HELLO)
    assert reply.choices[0].message.content == SAID, reply
    assert reply.choices[0].finish_reason == "stop"
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (8, TOKENS), reply.usage
    assert reply.usage.prompt_tokens_details.cached_tokens == 0
    raw = server.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO)
    assert raw.headers["x-timeslip-machine"] == "fixed-step"

    stream = server.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == SAID
    assert chunks[-1].usage.completion_tokens == TOKENS and len(chunks) == TOKENS + 1
    assert chunks[-2].choices[0].finish_reason == "stop"

    with server.chat.completions.stream(model=MODEL, messages=HELLO) as events:
        for _ in events:
            pass
        assert events.get_final_completion().choices[0].message.content == SAID


def tools(server):
    reply = server.chat.completions.create(model=MODEL, messages=ASKED, tools=[TOOL])
    [call] = reply.choices[0].message.tool_calls
    assert reply.choices[0].finish_reason == "tool_calls"
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    with server.chat.completions.stream(model=MODEL, messages=ASKED, tools=[TOOL]) as events:
        for _ in events:
            pass
        message = events.get_final_completion().choices[0].message
    assert message.tool_calls[0].function.arguments == call.function.arguments
    answer = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    later = [*ASKED, reply.choices[0].message.model_dump(exclude_none=True), answer]
    reply = server.chat.completions.create(model=MODEL, messages=later, tools=[TOOL])
    assert reply.choices[0].message.content == "The weather is sunny."


def responses(server):
    response = server.responses.create(model=MODEL, input="Hello", instructions="Be brief.")
    assert response.output_text == SAID and response.status == "completed"
    assert response.usage.output_tokens == TOKENS
    tool = {"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": True}
    with server.responses.stream(model=MODEL, input=ASKED, tools=[tool]) as events:
        kinds = [event.type for event in events]
        response = events.get_final_response()
    assert "response.function_call_arguments.delta" in kinds and kinds[0] == "response.created"
    [call] = response.output
    assert json.loads(call.arguments) == {"city": "Paris"}
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "rainy"}
    later = [*ASKED, call.model_dump(exclude_none=True), output]
    with server.responses.stream(model=MODEL, input=later) as events:
        text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
        assert events.get_final_response().output_text == text == "The weather is rainy."
    limited = server.responses.create(model=MODEL, input="Hello", max_output_tokens=3)
    assert limited.status == "incomplete"
    assert limited.incomplete_details.reason == "max_output_tokens"


def others(server):
    completion = server.completions.create(model=MODEL, prompt="one two three", max_tokens=4)
    assert completion.usage.prompt_tokens == 3 and completion.usage.completion_tokens == 4
    assert [model.id for model in server.models.list()] == [MODEL]
    assert server.models.retrieve(MODEL).owned_by == "timeslip"


def errors(server):
    def ask(**more):
        return lambda: server.chat.completions.create(
            **({"model": MODEL, "messages": HELLO} | more)
        )

    fails(openai.NotFoundError, ask(model="gpt-5"), 404, "model_not_found")
    long = [{"role": "user", "content": "a b c d " * 50_000}]
    fails(openai.BadRequestError, ask(messages=long), 400, "context_length_exceeded")
    error = fails(openai.BadRequestError, ask(n=2), 400, "unsupported_parameter")
    assert error.param == "n", error.param
    stranger = OpenAI(base_url=os.environ["SERVED"], api_key="wrong", max_retries=0)
    fails(openai.AuthenticationError, lambda: stranger.models.list(), 401, "invalid_api_key")


def faults():
    def ask(name, **options):
        stream = options.pop("stream", False)
        server = client(name, **options)

        def asked():
            reply = server.chat.completions.create(model=MODEL, messages=HELLO, stream=stream)
            return list(reply) if stream else reply

        return asked

    error = fails(openai.RateLimitError, ask("FAULT_STATUS_429"), 429, "rate_limit_exceeded")
    assert error.response.headers["retry-after"] == "1"
    fails(openai.InternalServerError, ask("FAULT_STATUS_503"), 503, "overloaded")
    began = time.monotonic()
    fails(openai.APITimeoutError, ask("FAULT_HANG", timeout=0.5))
    assert 0.4 < time.monotonic() - began < 5
    fails(openai.APIConnectionError, ask("FAULT_CUT"))
    fails(openai.APIConnectionError, ask("FAULT_CUT", stream=True))
    # Half of the requests fail, and the client's own retries get through.
    for _ in range(3):
        ask("FAULT_HALF", max_retries=8)()


def main():
    server = client()
    for check in (chats, tools, responses, others, errors):
        check(server)
    faults()


main()
