"""Compares two clients' times of one server.

  compare.py request PASSED CLIENT   the body of the first request that passed from this client
  compare.py times PASSED FOLDER     FOLDER/ours-N.json are slips of the program, theirs-N.jsonl
                                     beside them answers of client.py, PASSED is what
                                     recording_proxy.py saw

Definitions are those of client.py. Exits with 1 if anything differs by more than 1 %.
"""

import json
import pathlib
import statistics
import sys

LIMIT = 0.01
METRICS = ("time_to_first_token", "inter_token_latency", "request_latency")


def records(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def figures(first, latency, tokens):
    per_token = (latency - first) / (tokens - 1)
    return dict(zip(METRICS, (first, per_token, latency), strict=True))


def of_slip(path):
    slip = json.loads(pathlib.Path(path).read_text("utf-8"))
    for session in slip["sessions"]:
        for chat in session["steps"]:
            tokens = chat["output_tokens"]
            yield figures(chat["ttft_ns"] / 1e9, chat["e2e_ns"] / 1e9, tokens)


def of_proxy(exchange):
    tokens = exchange["usage"]["completion_tokens"]
    return figures(exchange["words_at"][0], exchange["finish_at"], tokens)


def rounds(folder, pattern):
    paths = pathlib.Path(folder).glob(pattern)
    return sorted(paths, key=lambda path: int(path.stem.rpartition("-")[2]))


def median(answers, metric):
    return statistics.median(answer[metric] for answer in answers)


def beside(answers, seen, metric):
    """By how much a client differs from what the proxy saw of the same answer: the median."""
    return statistics.median(a[metric] / s[metric] for a, s in zip(answers, seen, strict=True)) - 1


def compare(passed, folder):
    ours = [figure for path in rounds(folder, "ours-*.json") for figure in of_slip(path)]
    theirs = [figure for path in rounds(folder, "theirs-*.jsonl") for figure in records(path)]
    seen = {"timeslip": [], "openai": []}
    for exchange in records(passed):
        seen[exchange["client"]].append(of_proxy(exchange))
    print(f"{len(ours)} answers of the program, {len(theirs)} of the other client; medians")
    print(f"{'':20} {'program':>12} {'other':>12}   beside the proxy: program, other, differ")
    agree = bool(ours)
    for metric in METRICS:
        told = [f"{median(answers, metric) * 1e3:9.3f} ms" for answers in (ours, theirs)]
        mine, other = beside(ours, seen["timeslip"], metric), beside(theirs, seen["openai"], metric)
        apart = (1 + mine) / (1 + other) - 1
        print(f"{metric:20} {' '.join(told)}   {mine:+.2%}, {other:+.2%}, {apart:+.2%}")
        agree = agree and abs(apart) <= LIMIT and abs(mine) <= LIMIT
    return 0 if agree else 1


def main(what, passed, argument):
    if what == "request":
        asked = [record for record in records(passed) if record["client"] == argument]
        print(json.dumps(asked[0]["request"]))
        return 0
    return compare(passed, argument)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
