"""Leads other agents: it lets the model give parts of the task to the agents of its team, which are its
tools, and has the draft reviewed by one more until that one accepts it."""

from timeslip import Failure, Task, agent, call_tool, list_tools, log, run_tool_loop, span

INSTRUCTIONS = """\
You lead a team. Split the task into parts and give each part to the member that it suits, by calling \
that tool with a task that can be understood by itself; give parts that do not depend on each other out \
at once. Then write the answer from what the team brings, and keep its sources."""

# The member that reviews drafts and gets no parts.
REVIEWER = "reviewer"

REVISIONS_MAX = 2


@agent
async def run(task: Task) -> str:
    team = [member for member in list_tools() if member.name != REVIEWER]
    input = task.input
    for revision in range(REVISIONS_MAX + 1):
        with span(f"draft {revision + 1}"):
            draft = await run_tool_loop(input, system=INSTRUCTIONS, tools=team)
            verdict = await review(task.input, draft)
        if verdict.startswith("ACCEPT"):
            return draft
        log("info", verdict)
        input = f"{task.input}\n\nYour last draft:\n{draft}\n\nThe reviewer says:\n{verdict}"
    raise Failure(f"no draft was accepted after {REVISIONS_MAX} revisions")


async def review(task: str, draft: str) -> str:
    return await call_tool(REVIEWER, {"task": f"The task:\n{task}\n\nThe draft:\n{draft}"})
