"""An agent's loop of LangChain on the server whose address stands in the environment."""

import os

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

SAID = "Hello from a modelled machine, which says these words one after the other."


@tool
def get_weather(city: str) -> str:
    """Says what the weather is in a city."""
    return f"windy in {city}"


def run_agent(model):
    """Asks, and calls tools, until the model answers in words."""
    messages = [HumanMessage("What is the weather in Paris?")]
    for _ in range(4):
        reply = model.invoke(messages)
        messages.append(reply)
        if not reply.tool_calls:
            return reply
        messages += [get_weather.invoke(call) for call in reply.tool_calls]
    raise AssertionError("the agent never ends")


def main():
    for uses_responses in (False, True):
        model = ChatOpenAI(
            model="llama-3.3-70b",
            base_url=os.environ["SERVED"],
            api_key="secret",
            use_responses_api=uses_responses,
            store=False if uses_responses else None,
        )
        reply = run_agent(model.bind_tools([get_weather]))
        assert "windy in Paris" in str(reply.content), reply
        assert reply.usage_metadata["output_tokens"] > 0, reply
        chunks = list(model.stream("Hello"))
        whole = chunks[0]
        for chunk in chunks[1:]:
            whole += chunk
        text = whole.text if isinstance(whole.text, str) else whole.text()
        assert text == SAID and len(chunks) > 10, (text, len(chunks))


main()
