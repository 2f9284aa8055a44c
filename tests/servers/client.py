"""Another client: client.py BASE_URL REQUEST TIMES asks a server the same, one after the other.

It is the client library that OpenAI publishes, and shares nothing with this repository. REQUEST is
a file with the body of a request, as JSON. Prints a line of JSON for each answer, with times in
seconds from the moment at which the request was handed to the connection:

  time_to_first_token  the first chunk with words: text, reasoning or a part of a tool call
  request_latency      the chunk with the finish reason, which is when a program can go on
  inter_token_latency  (request_latency - time_to_first_token) / (output tokens - 1); the tokens are
                       those of the server's `usage`
  last_words           the last chunk with words. Where the finish reason comes in a chunk of its
                       own, after a pause, tools that end a request's latency here tell less
"""

import asyncio
import json
import sys
import time

import httpx2
import openai


class Sending:
    """The moment at which the library hands a request to the connection."""

    def __init__(self):
        self.at = None

    async def __call__(self, _request):
        self.at = time.perf_counter()


def has_words(delta):
    texts = [getattr(delta, name, None) for name in ("content", "reasoning_content", "reasoning")]
    return any(texts) or bool(delta.refusal) or bool(delta.tool_calls)


async def ask(client, request, sending):
    first = last = finish = usage = None
    chunks = 0
    called = time.perf_counter()
    async for chunk in await client.chat.completions.create(**request):
        now = time.perf_counter()
        usage = chunk.usage or usage
        for choice in chunk.choices:
            if has_words(choice.delta):
                chunks += 1
                first = now if first is None else first
                last = now
            if choice.finish_reason:
                finish = now
    tokens = usage.completion_tokens
    return {
        "time_to_first_token": first - sending.at,
        "request_latency": finish - sending.at,
        "inter_token_latency": (finish - first) / (tokens - 1) if tokens > 1 else None,
        "last_words": last - sending.at,
        "output_tokens": tokens,
        "input_tokens": usage.prompt_tokens,
        "chunks": chunks,
        "writing_the_request": sending.at - called,
    }


async def main(base_url, request_path, times):
    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    request |= {"stream": True, "stream_options": {"include_usage": True}}
    sending = Sending()
    connection = httpx2.AsyncClient(event_hooks={"request": [sending]}, trust_env=False)
    async with openai.AsyncOpenAI(
        base_url=base_url, api_key="none", max_retries=0, http_client=connection
    ) as client:
        for _ in range(times):
            print(json.dumps(await ask(client, request, sending)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
