"""Holds slips of real servers against what passed between program and server.

  check.py live SLIP PASSED CLIENT BENCH stream|whole MODEL
  check.py replay SLIP SLIP PASSED CLIENT
  check.py failures SLIP PASSED CLIENT

PASSED is the file of recording_proxy.py, CLIENT the name in it. Prints each fault; exits with 1 if
there is any.
"""

import json
import sys

# How much later than the proxy the program may see something, on a busy machine.
LATE_NS = 400_000_000
SHARES = ("queue", "prefill", "transfer", "decode", "tool", "agent", "user", "sleep")

# What the mock's fixtures say of each chat: input tokens, output tokens, finish reason.
MOCK = {
    "chat": [(101, 23, "stop"), (99, 37, "stop")],
    "tools": [
        (210, 21, "tool_calls"),
        (240, 13, "stop"),
        (214, 44, "tool_calls"),
        (290, 11, "stop"),
    ],
}
TOOLS = {"tools": ["calculate", "calculate", "calculate"]}


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def exchanges(path, client):
    with open(path, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    return [record for record in records if record["client"] == client]


def steps(slip, kind):
    return [s for session in slip["sessions"] for s in session["steps"] if s["kind"] == kind]


def nanoseconds(seconds):
    return round(seconds * 1e9)


def laws(slip):
    """What holds of every slip."""
    if slip["schema"] != "timeslip.slip/1":
        yield f"the schema is {slip['schema']}"
    summary = slip["summary"]
    chats = steps(slip, "chat")
    for name, counted in [
        ("sessions", len(slip["sessions"])),
        ("tool_calls", len(steps(slip, "tool"))),
        ("output_tokens", sum(chat["output_tokens"] or 0 for chat in chats)),
        ("input_tokens", sum(chat["input_tokens"] or 0 for chat in chats)),
    ]:
        if summary[name] != counted:
            yield f"the summary has {summary[name]} {name}, the steps {counted}"
    for session in slip["sessions"]:
        if sum(session["time_share_ns"][share] for share in SHARES) != session["e2e_ns"]:
            yield f"the time of {session['task']} is not accounted for"
    for chat in chats:
        if chat["finish_reason"] in ("error", "cancelled"):
            continue
        parts = sum(chat[f"{part}_ns"] for part in ("queue", "prefill", "transfer", "decode"))
        if parts != chat["e2e_ns"]:
            yield f"the parts of a chat take {parts} ns, the chat {chat['e2e_ns']}"
        if chat["ttft_ns"] is not None and not 0 < chat["ttft_ns"] <= chat["e2e_ns"]:
            yield f"the first token came after {chat['ttft_ns']} ns of {chat['e2e_ns']}"


def tokens(chat, exchange):
    """The tokens and the end of a chat, against the server's own words."""
    usage = exchange["usage"] or {}
    details = usage.get("prompt_tokens_details") or {}
    for name, said in [
        ("input_tokens", usage.get("prompt_tokens")),
        ("output_tokens", usage.get("completion_tokens")),
        ("cached_input_tokens", details.get("cached_tokens") or 0),
        ("finish_reason", exchange["finish_reason"]),
    ]:
        if chat[name] != said:
            yield f"{name} is {chat[name]}, and the server said {said}"


def times(chat, exchange, way):
    """When a chat's words came, against what the proxy saw a little before."""
    compared = [("e2e_ns", chat["e2e_ns"], exchange["finish_at"])]
    if way == "stream":
        compared.append(("ttft_ns", chat["ttft_ns"], exchange["words_at"][0]))
    elif chat["ttft_ns"] not in (None, chat["e2e_ns"]):
        yield f"ttft_ns is {chat['ttft_ns']} though the reply came in one piece"
    for name, ours, seen in compared:
        if not 0 <= ours - nanoseconds(seen) <= LATE_NS:
            yield f"{name} is {ours}, and the proxy saw it after {nanoseconds(seen)} ns"


def live(slip_path, passed, client, bench, way, model):
    slip = read(slip_path)
    yield from laws(slip)
    asked = exchanges(passed, client)
    chats = steps(slip, "chat")
    for session in slip["sessions"]:
        if session["status"] != "ok":
            yield f"{session['task']} is {session['status']}: {session.get('error')}"
    if not chats or len(chats) != len(asked):
        yield f"{len(chats)} chats in the slip, {len(asked)} requests passed"
        return
    for chat, exchange in zip(chats, asked, strict=True):
        request = exchange["request"]
        if request["model"] != model or chat["model"] != model:
            yield f"the model is {request['model']} on the wire and {chat['model']} in the slip"
        if bool(request.get("stream")) != (way == "stream"):
            yield f"the request's stream is {request.get('stream')}"
        yield from tokens(chat, exchange)
        yield from times(chat, exchange, way)
    if model == "mock":
        said = [(c["input_tokens"], c["output_tokens"], c["finish_reason"]) for c in chats]
        if said != MOCK[bench]:
            yield f"the chats are {said}, the fixtures say {MOCK[bench]}"
        called = [step["tool"] for step in steps(slip, "tool")]
        if called != TOOLS.get(bench, []) or not all(s["ok"] for s in steps(slip, "tool")):
            yield f"the tools called are {called}"


def replay(first_path, again_path, passed, client):
    with open(first_path, "rb") as first, open(again_path, "rb") as again:
        if first.read() != again.read():
            yield "two runs of the recording differ"
    slip = read(first_path)
    yield from laws(slip)
    asked = exchanges(passed, client)
    chats = steps(slip, "chat")
    if not chats or len(chats) != len(asked):
        yield f"{len(chats)} chats were played back, {len(asked)} requests were recorded"
        return
    for chat, exchange in zip(chats, asked, strict=True):
        yield from tokens(chat, exchange)
        yield from times(chat, exchange, "stream" if exchange["words_at"] else "whole")


def failures(slip_path, passed, client):
    slip = read(slip_path)
    yield from laws(slip)
    sessions = {session["task"]: session for session in slip["sessions"]}
    answered = [exchange["status"] for exchange in exchanges(passed, client)]
    if answered[:3] != [429, 200, 400] or set(answered[3:]) != {200}:
        # Busy, then answered; refused once, since asking again would not help; then broken off.
        yield f"the server answered with {answered}"
    busy = sessions["busy-once"]
    if busy["status"] != "ok":
        yield f"busy-once is {busy['status']}: {busy.get('error')}"
    elif [chat["queue_ns"] >= 1_000_000_000 for chat in busy["steps"]] != [True]:
        # The server asks for a second, which belongs to no part of the reply.
        yield f"the second that the server asked for is not in the queue: {busy['steps']}"
    for task, part in [("refused", "takes no such request"), ("cut-short", "")]:
        session = sessions[task]
        if session["status"] == "ok" or part not in str(session.get("error")):
            yield f"{task} is {session['status']}: {session.get('error')}"


def main(what, *arguments):
    try:
        checks = {"live": live, "replay": replay, "failures": failures}
        faults = list(checks[what](*arguments))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        faults = [f"it cannot be checked: {error!r}"]
    for fault in faults:
        print(f"  {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
