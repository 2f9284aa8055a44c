"""Lets the model plan a task as steps, does steps that do not wait for each other at once, and lets
the model join what they gave.

A step is a conversation of its own, with all tools of the session: it sees its instruction and what
the steps gave that it waits for, and nothing else. A step that fails is a step that gave an error;
the joining model reads it.
"""

import asyncio

from plan import Plan, Step
from timeslip import Failure, Task, agent, chat, log, run_tool_loop, span, system, user

PLANNER = """\
You plan how a task is done with tools. Give the fewest steps that are needed; a step names in \
`after` the steps whose results it needs, and steps that need nothing of each other are done at \
once. Every step must be clear to somebody who sees its instruction and those results alone."""

WORKER = """\
You do one step of a plan. Use the tools, and answer with the result alone, in one sentence."""

JOINER = """\
You answer a task from the results of its steps, in at most three sentences. Say so where a step \
failed."""


@agent
async def run(task: Task) -> str:
    plan = await make_plan(task.input)
    plan.check()
    log("info", f"the plan has {len(plan.steps)} steps")
    results = await execute(plan)
    return await join_results(task.input, plan, results)


async def make_plan(input: str) -> Plan:
    with span("plan"):
        reply = await chat([system(PLANNER), user(input)], response_schema=Plan)
    try:
        return reply.parse(Plan)
    except ValueError as error:
        raise Failure(f"the model gave no plan: {error}") from error


async def execute(plan: Plan) -> dict[str, str]:
    """Does every step as soon as those are done that it waits for."""
    tasks: dict[str, asyncio.Task[str]] = {}

    async def do_after_others(step: Step) -> str:
        results = {before: await tasks[before] for before in step.after}
        return await do_step(step, step.input(results))

    async with asyncio.TaskGroup() as group:
        for step in plan.steps:
            tasks[step.id] = group.create_task(do_after_others(step))
    return {name: done.result() for name, done in tasks.items()}


async def do_step(step: Step, input: str) -> str:
    with span(f"step {step.id}"):
        try:
            return await run_tool_loop(input, system=WORKER)
        except Failure as failure:
            return f"Error: {failure.message}"


async def join_results(input: str, plan: Plan, results: dict[str, str]) -> str:
    lines = "\n".join(f"{step.id}: {results[step.id]}" for step in plan.steps)
    with span("join"):
        reply = await chat([system(JOINER), user(f"{input}\n\nResults:\n{lines}")])
    return reply.text
