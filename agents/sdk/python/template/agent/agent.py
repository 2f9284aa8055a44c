"""{{name}}: answers a question, after it has looked for reasons on both sides at once."""

import asyncio

from timeslip import Failure, Task, agent, chat, user


@agent
async def run(task: Task) -> str:
    reasons = await asyncio.gather(
        chat([user(f"Give the best reason for it. {task.input}")]),
        chat([user(f"Give the best reason against it. {task.input}")]),
    )
    weighed = "\n".join(reason.text for reason in reasons)
    reply = await chat([user(f"Weigh the reasons. {task.input}\n{weighed}")])
    if not reply.text:
        raise Failure("the model gave an empty answer")
    return reply.text
