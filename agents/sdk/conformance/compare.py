"""Holds the slips of the conformance bench against `expected.json` and against each other.

Called by `run` with the folder that holds a folder for each language, and the languages.
"""

import json
import re
import sys
from pathlib import Path

# Where an agent's own computing moves what happens on a machine, or a tool's moves what it waits for,
# times may differ by so much.
TOLERANCE_NS = 5_000_000

# Behaviours whose chats share the machine, or end when the agent says so.
MOVED_BY_COMPUTING = {"parallel-calls", "cancellation"}

# Behaviours in which the model hears a crash, whose text names functions of the language's own.
HEARS_A_CRASH = {"tool-loop-crash"}

TIMES_OF_A_CHAT = ("queue_ns", "prefill_ns", "transfer_ns", "decode_ns")


class Language:
    """What one language's components did, and what is declared of the language."""

    def __init__(self, name, folder, declared):
        self.name = name
        self.calls = declared.get("calls", "at once")
        self.own_steps = declared.get("own_steps", {})
        self.slip = json.loads((folder / "slip.json").read_text())
        self.sessions = {session["task"]: session for session in self.slip["sessions"]}
        self.answers = read_answers(folder / "log.jsonl")


def read_answers(log):
    """Each task's answer, where the program writes a log; None where it does not."""
    if not log.exists():
        return None
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    ends = [line for line in lines if line["kind"] == "end"]
    return {line["task"]: line["answer"] for line in ends if "answer" in line}


class Findings:
    """What is not as it should be, by language and behaviour."""

    def __init__(self):
        self.lines = {}

    def add(self, language, task, what, expected, got):
        line = f"{what}: expected {expected}, got {got}"
        self.lines.setdefault((language, task), []).append(line)

    def equal(self, language, task, what, expected, got):
        if expected != got:
            self.add(language, task, what, json.dumps(expected), json.dumps(got))


def check_session(findings, language, task, expected):
    """One session against what `expected.json` says of it."""
    session = language.sessions.get(task)
    if session is None:
        findings.add(language.name, task, "session", "one", "none")
        return
    error = session.get("error") or {}
    findings.equal(language.name, task, "status", expected["status"], session["status"])
    kinds = expected.get("error_kinds", [None])
    if error.get("kind") not in kinds:
        got = json.dumps(error)
        findings.add(language.name, task, "error kind", " or ".join(map(str, kinds)), got)
    if "error_message" in expected:
        got = error.get("message")
        findings.equal(language.name, task, "error", expected["error_message"], got)
    steps = session["steps"]
    all_wanted = expected["steps"] + language.own_steps.get(task, [])
    findings.equal(language.name, task, "steps", len(all_wanted), len(steps))
    for number, (wanted, step) in enumerate(zip(all_wanted, steps), start=1):
        check_step(findings, language, task, number, wanted, step)
    if "prompt_parts" in expected:
        parts = [[part["kind"], part["tokens"], part["digest"]] for part in session["prompt_parts"]]
        check_parts(findings, language.name, task, expected["prompt_parts"], parts)


def check_step(findings, language, task, number, wanted, step):
    for key, value in wanted.items():
        what = f"step {number} {key}"
        if key == "error":
            if not re.search(value, step.get("error") or ""):
                wanted_text = f"something like {value!r}"
                findings.add(language.name, task, what, wanted_text, step.get("error"))
        elif key == "wait_ms":
            check_wait(findings, language, task, what, value[language.calls], step.get("wait_ns"))
        else:
            findings.equal(language.name, task, what, value, step.get(key))


def check_wait(findings, language, task, what, wanted_ms, got_ns):
    """A wait inside a plugin: its own, and where calls run in turn those before it as well."""
    wanted_ns = wanted_ms * 1_000_000
    if got_ns is None or abs(got_ns - wanted_ns) > TOLERANCE_NS:
        got = "none" if got_ns is None else milliseconds(got_ns)
        findings.add(language.name, task, what, milliseconds(wanted_ns), got)


def check_parts(findings, language, task, expected, got):
    for number, pair in enumerate(zip(expected, got), start=1):
        findings.equal(language, task, f"prompt part {number}", *pair)
    findings.equal(language, task, "prompt parts", len(expected), len(got))


def check_answer(findings, language, task, expected):
    """The session's answer, where the program tells it."""
    if language.answers is None:
        return
    answer = language.answers.get(task)
    pattern = expected.get("answer_pattern")
    if pattern is None:
        findings.equal(language.name, task, "answer", expected.get("answer"), answer)
    elif answer is None or not re.fullmatch(pattern, answer, re.DOTALL):
        wanted = f"something like {pattern!r}"
        findings.add(language.name, task, "answer", wanted, json.dumps(answer))


def check_overlap(findings, language, task, expected):
    """Steps that were started together take as long as the longest of them."""
    session = language.sessions.get(task)
    if session is None or not expected.get("overlaps"):
        return
    for kind in ("chat", "tool"):
        steps = [step for step in session["steps"] if step["kind"] == kind]
        if not steps:
            continue
        begin = min(step["at_ns"] for step in steps)
        end = max(step["at_ns"] + step["e2e_ns"] for step in steps)
        longest = max(step["e2e_ns"] for step in steps)
        if end - begin > longest + TOLERANCE_NS:
            wanted = f"{milliseconds(longest)}, the longest"
            what = f"all {kind} steps together"
            findings.add(language.name, task, what, wanted, milliseconds(end - begin))


def compare(findings, first, other, task, expected):
    """One behaviour in two languages: equal up to computing and what is declared of a language.

    Waits of calls that one language does at once and the other in turn were held against
    `expected.json`, each against its own.
    """
    one, two = first.sessions.get(task), other.sessions.get(task)
    if one is None or two is None:
        return
    if first.answers is not None and other.answers is not None:
        answers = [language.answers.get(task) for language in (first, other)]
        findings.equal(other.name, task, f"answer, with {first.name}'s", *answers)
    if task in HEARS_A_CRASH:
        return
    tolerance = TOLERANCE_NS if task in MOVED_BY_COMPUTING else 0
    same_waits = first.calls == other.calls or not expected.get("overlaps")
    for number, (a, b) in enumerate(zip(one["steps"], two["steps"]), start=1):
        if a["kind"] == "tool" and not same_waits:
            continue
        for key, allowed in times_of(a, tolerance):
            near(findings, first, other, task, f"step {number} {key}", a[key], b[key], allowed)
    shares = [
        sum_without_computing(session) - time_of_own_steps(language, session)
        for language, session in ((first, one), (other, two))
    ]
    has_tools = any(step["kind"] == "tool" for step in one["steps"])
    allowed = TOLERANCE_NS if has_tools else tolerance
    near(findings, first, other, task, "time without computing", *shares, allowed)


def times_of(step, tolerance):
    """The times of a step that are no computing, and by how much each may differ."""
    if step["kind"] == "chat":
        return [(key, tolerance) for key in TIMES_OF_A_CHAT]
    if step["kind"] == "tool":
        return [("wait_ns", TOLERANCE_NS)]
    return [("e2e_ns", 0)]


def sum_without_computing(session):
    shares = session["time_share_ns"]
    return sum(shares[name] for name in shares if name not in ("agent", "tool"))


def time_of_own_steps(language, session):
    """The time of the steps, last in a session, that the language alone does in this behaviour."""
    own = language.own_steps.get(session["task"], [])
    return sum(step["e2e_ns"] for step in session["steps"][-len(own):]) if own else 0


def near(findings, first, other, task, what, expected, got, allowed):
    if abs(expected - got) > allowed:
        within = f" (within {milliseconds(allowed)})" if allowed else ""
        wanted = f"{expected} ns as {first.name}{within}"
        findings.add(other.name, task, what, wanted, f"{got} ns")


def milliseconds(nanoseconds):
    return f"{nanoseconds / 1e6:.3f} ms"


def print_table(languages, tasks, findings):
    width = max(map(len, tasks))
    print(" " * width, *(language.name for language in languages), sep="  ")
    for task in tasks:
        marks = []
        for language in languages:
            mark = "FAIL" if (language.name, task) in findings.lines else "ok"
            marks.append(mark.ljust(len(language.name)))
        print(task.ljust(width), *marks, sep="  ")
    for (language, task), lines in findings.lines.items():
        print(f"\n{language}: {task}")
        for line in lines:
            print(f"  {line}")
    print()
    for language in languages:
        used = language.sessions["plain-reply"]["used"][0]
        print(f"{language.name}: plain-reply takes {used['fuel']:,} units of fuel "
              f"and {used['memory_bytes'] / 2**20:.1f} MiB")
    if any(language.answers is None for language in languages):
        print("answers were not looked at: this program's `run` has no --log")


def main(scratch, names):
    here = Path(__file__).parent
    expected = json.loads((here / "expected.json").read_text())
    declared = json.loads((here / "languages.json").read_text())
    languages = [Language(name, Path(scratch) / name, declared.get(name, {})) for name in names]
    findings = Findings()
    for language in languages:
        for task, wanted in expected.items():
            check_session(findings, language, task, wanted)
            check_answer(findings, language, task, wanted)
            check_overlap(findings, language, task, wanted)
        for task in language.sessions:
            if task not in expected:
                findings.add(language.name, task, "session", "none", "one")
    for other in languages[1:]:
        for task, wanted in expected.items():
            compare(findings, languages[0], other, task, wanted)
    tasks = list(dict.fromkeys([*expected, *(task for _, task in findings.lines)]))
    print_table(languages, tasks, findings)
    return 1 if findings.lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
