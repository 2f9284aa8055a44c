"""Reads a run in the formats of other programs, and holds what they read against its slip.

  exports.py tables          the files of this folder: steps.csv, steps.parquet, run.prom, spans.json
  exports.py wait ADDRESS    waits until a collector answers
  exports.py phoenix ADDRESS asks Phoenix for the spans that it was sent
"""

import json
import sys
import time
import urllib.error
import urllib.request

EXACT = [
    "at_ns", "e2e_ns", "queue_ns", "prefill_ns", "transfer_ns", "decode_ns", "ttft_ns", "input_tokens",
    "cached_input_tokens", "output_tokens", "energy_j", "cost_usd", "machine", "model", "tool", "compute_ns",
    "wait_ns", "kind",
]


def slip():
    with open("run.json", encoding="utf-8") as file:
        return json.load(file)


def steps():
    for number, session in enumerate(slip()["sessions"]):
        for place, step in enumerate(session["steps"]):
            yield number, place, step


def check_tables():
    import duckdb

    for file in ["steps.parquet", "steps.csv"]:
        rows = duckdb.sql(f"select session, step, {', '.join(EXACT)} from '{file}' order by session, step").fetchall()
        expected = list(steps())
        assert len(rows) == len(expected), f"{file} has {len(rows)} rows, the slip {len(expected)} steps"
        for row, (number, place, step) in zip(rows, expected):
            assert row[:2] == (number, place), f"{file}: {row}"
            for name, value in zip(EXACT, row[2:]):
                assert value == step.get(name), f"{file}: {name} is {value}, the slip has {step.get(name)}"
    slowest = duckdb.sql(
        "select tool, count(*) as calls, avg(e2e_ns) / 1e6 as ms from 'steps.parquet' "
        "where kind = 'tool' group by tool order by ms desc"
    ).fetchall()
    print(f"DuckDB: {len(expected)} steps as the slip has them; the slowest tool is {slowest[0][0]}")


def check_metrics():
    from prometheus_client.parser import text_string_to_metric_families

    with open("run.prom", encoding="utf-8") as file:
        families = {family.name: family.samples for family in text_string_to_metric_families(file.read())}
    summary = slip()["summary"]
    assert families["timeslip_model_calls"][0].value == summary["model_calls"]
    spread = {sample.labels["stat"]: sample.value for sample in families["timeslip_session_e2e_seconds"]}
    assert spread == {stat: nanos / 1e9 for stat, nanos in summary["session_e2e_ns"].items()}, spread
    print(f"Prometheus: {len(families)} figures")


def check_messages():
    from google.protobuf.json_format import Parse
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    with open("spans.json", encoding="utf-8") as file:
        text = file.read()
    # Identifiers stand in hexadecimal digits there, and in base 64 in other JSON of such messages.
    request = Parse(text, ExportTraceServiceRequest())
    spans = request.resource_spans[0].scope_spans[0].spans
    expected = sum(1 for _ in steps()) + len(slip()["sessions"])
    assert len(spans) == expected, f"{len(spans)} spans, and {expected} expected"
    print(f"OpenTelemetry's messages: {len(spans)} spans")


def check_trace():
    """The fields that the Chrome trace event format asks of each kind of event."""
    with open("run.trace.json", encoding="utf-8") as file:
        trace = json.load(file)
    needed = {"X": {"name", "cat", "ts", "dur", "pid", "tid"}, "C": {"name", "ts", "pid", "args"}, "M": {"name", "pid", "args"}}
    for event in trace["traceEvents"]:
        lacks = needed[event["ph"]] - event.keys()
        assert not lacks, f"{event} lacks {lacks}"
    print(f"Chrome's trace format: {len(trace['traceEvents'])} events")


def wait(address):
    for _ in range(240):
        try:
            with urllib.request.urlopen(address + "/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    sys.exit(f"nobody answers at {address}")


def spans_of(address):
    """All spans that Phoenix has, by its own interface."""
    found, cursor = [], None
    while True:
        query = f"?limit=100{'&cursor=' + cursor if cursor else ''}"
        with urllib.request.urlopen(f"{address}/v1/projects/default/spans{query}", timeout=10) as answer:
            page = json.load(answer)
        found += page["data"]
        cursor = page.get("next_cursor")
        if not cursor:
            return found


def check_phoenix(address):
    sessions = slip()["sessions"]
    expected = sum(1 for _ in steps()) + len(sessions)
    for _ in range(60):
        spans = spans_of(address)
        if len(spans) == expected:
            break
        time.sleep(0.5)
    assert len(spans) == expected, f"Phoenix has {len(spans)} spans, and {expected} were sent"
    by_id = {span["context"]["span_id"]: span for span in spans}
    traces = {span["context"]["trace_id"] for span in spans}
    assert len(traces) == len(sessions), f"{len(traces)} traces for {len(sessions)} sessions"
    roots = [span for span in spans if not span["parent_id"]]
    assert len(roots) == len(sessions) and all(root["name"].startswith("invoke_agent ") for root in roots)
    for span in spans:
        if span["parent_id"]:
            assert by_id[span["parent_id"]]["context"]["trace_id"] == span["context"]["trace_id"]
    chats = [span for span in spans if span["name"].startswith("chat ")]
    tokens = sum(attribute(span, "gen_ai.usage.output_tokens") for span in chats)
    assert tokens == slip()["summary"]["output_tokens"], tokens
    print(f"Phoenix: {len(spans)} spans in {len(traces)} traces, each below what waits for it")


def attribute(span, name):
    """An attribute, which Phoenix may keep flat or as nested objects."""
    value = span["attributes"]
    if name in value:
        return value[name]
    for part in name.split("."):
        value = value[part]
    return value


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["tables"]:
            check_tables()
            check_metrics()
            check_messages()
            check_trace()
        case ["wait", address]:
            wait(address)
        case ["phoenix", address]:
            check_phoenix(address)
        case _:
            sys.exit(__doc__)
