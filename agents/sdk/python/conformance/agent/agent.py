"""The conformance agent: the first word of the task names the behaviour."""

import asyncio
import time

import timeslip
from timeslip import Failure, ModelError, NamedTool, Task, ToolError, system, user

ADD_ARGUMENTS = {"a": "x", "b": 1}


async def plain_reply() -> str:
    return (await timeslip.chat([user("Say hello.")])).text


async def options() -> str:
    reply = await timeslip.chat(
        [system("Be brief."), user("Name a colour.")],
        max_output_tokens=16,
        temperature=0.5,
        top_p=0.9,
        seed=7,
        stop=["\n"],
        tool_choice="none",
    )
    usage = reply.usage
    return f"{reply.text} {reply.finish_reason} {usage.input_tokens}/{usage.output_tokens}"


async def streaming() -> str:
    texts = []
    async with timeslip.stream([user("Count to five.")]) as pieces:
        async for piece in pieces:
            texts.append(piece.content)
        reply = await pieces.finish()
    text = "".join(texts)
    if text != reply.text:
        raise Failure(f"the pieces say {text!r}, the reply says {reply.text!r}")
    return f"{len(texts)} pieces: {text}"


async def cancellation() -> str:
    async with timeslip.stream([user("Write a long poem.")]) as pieces:
        await anext(pieces)
        await anext(pieces)
    await timeslip.sleep(0.010)
    return "cancelled"


async def parallel_calls() -> str:
    replies = await asyncio.gather(
        *(timeslip.chat([user(f"Branch {number}.")]) for number in (1, 2, 3))
    )
    outputs = await asyncio.gather(
        *(timeslip.call_tool("wait", {"milliseconds": time}) for time in (200, 100))
    )
    return " | ".join([*(reply.text for reply in replies), *outputs])


async def tool_loop() -> str:
    return await timeslip.run_tool_loop("Add 2 and 3, and greet Ada.", system="Use the tools.")


async def tool_error() -> str:
    calls = [
        ("add", ADD_ARGUMENTS),
        ("add", "{"),
        ("fail", {"message": "no luck"}),
        ("nope", {}),
        ("greet", {"name": "Ada", "excited": True}),
    ]
    heard = []
    for name, arguments in calls:
        try:
            heard.append(await timeslip.call_tool(name, arguments))
        except ToolError as error:
            heard.append(error.kind)
    return ", ".join(heard)


async def error_kind_of(messages: list[timeslip.Message], **arguments: object) -> str:
    try:
        await timeslip.chat(messages, **arguments)
    except ModelError as error:
        return error.kind
    raise Failure("the model replied")


async def model_error() -> str:
    return ", ".join(
        [
            await error_kind_of([]),
            await error_kind_of([user("Hi.")], top_p=2.0),
            await error_kind_of([user("Hi.")], tool_choice=NamedTool("missing")),
        ]
    )


async def refused_grant() -> str:
    return await error_kind_of([user("Hi.")], model="another-model")


async def budget_exhausted() -> str:
    replies = 0
    while True:
        try:
            await timeslip.chat([user("Again.")])
        except ModelError as error:
            return f"{replies} replies, then {error.kind}"
        replies += 1


async def turn_limit() -> str:
    return await timeslip.run_tool_loop("Go on.", system="Never stop.", max_turns=3)


async def user_question() -> str:
    return f"Hello, {await timeslip.ask_user('What is your name?')}."


async def unicode() -> str:
    return (await timeslip.chat([user("żółć 🦀 👩‍👧 𝕏 ﷽ \0 end")])).text


async def large_prompt() -> str:
    try:
        return (await timeslip.chat([user("0123456789abcde " * 65_536)])).text
    except ModelError as error:
        return error.kind


async def deep_json() -> str:
    arguments = '{"value":' + "[" * 100 + "1" + "]" * 100 + "}"
    output = await timeslip.call_tool("echo", arguments)
    if output != arguments:
        raise Failure(f"the tool gave back {output!r}")
    return output


async def sleep_and_clock() -> str:
    before, before_here = timeslip.now(), time.monotonic()
    await timeslip.sleep(1)
    slept, slept_here = timeslip.now() - before, time.monotonic() - before_here
    if not 1 <= slept < 1.01:
        raise Failure(f"the session's clock moved by {slept} s")
    if abs(slept_here - slept) > 0.01:
        raise Failure(f"Python's clock moved by {slept_here} s, the session's by {slept} s")
    return "slept"


async def random() -> str:
    numbers = [format(timeslip.random_u64(), "x") for _ in range(2)]
    return " ".join([*numbers, timeslip.random_bytes(5).hex()])


async def journal() -> str:
    for level in ("debug", "info", "warn", "error"):
        timeslip.log(level, f"at {level}")
    with timeslip.span("work"):
        await timeslip.sleep(0.005)
    return "logged"


async def config() -> str:
    greeting, missing = timeslip.config("greeting"), timeslip.config("missing")
    return f"{greeting}/{'none' if missing is None else missing}"


async def budget_left() -> str:
    before = timeslip.budget_left()
    await timeslip.chat([user("Say hello.")])
    after = timeslip.budget_left()

    def shown(left: int | None) -> str:
        return "none" if left is None else str(left)

    models = f"{shown(before.model_calls)}->{shown(after.model_calls)}"
    left = (before.time_ns, before.model_calls, before.tool_calls, before.output_tokens)
    return " ".join([*map(shown, left), models])


async def failure() -> str:
    raise Failure("the task cannot be done")


async def panic() -> str:
    raise RuntimeError("a defect")


async def out_of_memory() -> str:
    blocks = []
    while True:
        blocks.append(bytearray(b"\1") * (1 << 20))


async def out_of_fuel() -> str:
    while True:
        pass


BEHAVIOURS = {
    behaviour.__name__.replace("_", "-"): behaviour
    for behaviour in (
        plain_reply,
        options,
        streaming,
        cancellation,
        parallel_calls,
        tool_loop,
        tool_error,
        model_error,
        refused_grant,
        budget_exhausted,
        turn_limit,
        user_question,
        unicode,
        large_prompt,
        deep_json,
        sleep_and_clock,
        random,
        journal,
        config,
        budget_left,
        failure,
        panic,
        out_of_memory,
        out_of_fuel,
    )
}


@timeslip.agent
async def run(task: Task) -> str:
    name = task.input.split()[0]
    if name not in BEHAVIOURS:
        raise Failure(f"no behaviour is called {name!r}")
    return await BEHAVIOURS[name]()
