"""A plan: steps, and which of them wait for which."""

from dataclasses import dataclass
from typing import Annotated

from timeslip import Failure

# A plan holds no more steps than this, so that a model's slip does not become a hundred chats.
STEPS_MAX = 12


@dataclass
class Step:
    """One step of a plan."""

    id: Annotated[str, "A short name, unique in the plan."]
    instruction: Annotated[str, "What is to be done."]
    after: Annotated[list[str], "The steps whose results it needs."]

    def input(self, results: dict[str, str]) -> str:
        """The instruction, with the results that it waits for."""
        if not self.after:
            return self.instruction
        lines = "\n".join(f"{before}: {results[before]}" for before in self.after)
        return f"{self.instruction}\n\nResults so far:\n{lines}"


@dataclass
class Plan:
    """What the model plans."""

    steps: list[Step]

    def check(self) -> None:
        """Refuses a plan that could not be done to its end."""
        if not 1 <= len(self.steps) <= STEPS_MAX:
            raise _wrong(f"it has {len(self.steps)} steps, not 1 to {STEPS_MAX}")
        ids: set[str] = set()
        for step in self.steps:
            if step.id in ids:
                raise _wrong(f"two steps are called `{step.id}`")
            ids.add(step.id)
        for step in self.steps:
            for before in step.after:
                if before not in ids:
                    raise _wrong(f"`{step.id}` waits for `{before}`, which is no step")
        if circle := self._first_of_a_circle():
            raise _wrong(f"`{circle}` waits for itself, by way of others or not")

    def _first_of_a_circle(self) -> str | None:
        """A step that never becomes ready."""
        done: set[str] = set()
        for _ in self.steps:
            done |= {step.id for step in self.steps if done.issuperset(step.after)}
        return next((step.id for step in self.steps if step.id not in done), None)


def _wrong(what: str) -> Failure:
    return Failure(f"the plan cannot be done: {what}")
