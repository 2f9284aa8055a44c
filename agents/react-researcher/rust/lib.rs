//! An agent that answers a question from documents: it thinks, acts with tools, looks at what they
//! gave, and goes on until it can answer. An answer must cite documents that it has read; one that
//! does not is sent back with what is wrong.

mod citations;

use citations::Citations;
use timeslip_sdk::{
    Agent, Chat, Failure, LogLevel, Message, Task, ToolCall, ToolError, call_tool_text,
    export_agent, join_all, list_tools, log, span, system, tool_output, user,
};

const INSTRUCTIONS: &str = "\
You answer questions from documents. In every turn say in one sentence what you think and what you \
look for next, and use the tools: find documents with search_documents and read them with \
read_document. Answer when you have read enough, in at most three sentences. After every statement \
cite the document that it rests on by its path in brackets, such as [guide/tea.md]. When the documents \
do not say, answer that they do not, and cite none.";

/// A question that takes longer than this is one the model goes round in circles about.
const TURNS_MAX: usize = 12;

struct ReactResearcher;

impl Agent for ReactResearcher {
    async fn run(task: Task) -> Result<String, Failure> {
        let tools = list_tools();
        let mut messages = vec![system(INSTRUCTIONS), user(task.input)];
        let mut citations = Citations::default();
        for turn in 1..=TURNS_MAX {
            let _span = span(format!("turn {turn}"));
            let chat = Chat::new().messages(messages.clone()).tools(tools.clone());
            let reply = chat.send().await?.message;
            let calls = reply.tool_calls.clone();
            if !calls.is_empty() {
                log(LogLevel::Info, format!("thought: {}", reply.content));
                messages.push(reply);
                messages.extend(act(&calls, &mut citations).await);
            } else if let Some(problem) = citations.problem(&reply.content) {
                log(LogLevel::Warn, &problem);
                messages.extend([reply, user(problem)]);
            } else {
                return Ok(reply.content);
            }
        }
        Err(Failure::new(format!("no answer with sources after {TURNS_MAX} turns")))
    }
}

export_agent!(ReactResearcher);

/// Calls the tools together and notes which documents were read.
async fn act(calls: &[ToolCall], citations: &mut Citations) -> Vec<Message> {
    let call = |call: &ToolCall| call_tool_text(call.name.clone(), call.arguments.clone());
    let outputs = join_all(calls.iter().map(call)).await;
    let observe = |(call, output): (&ToolCall, Result<String, ToolError>)| match output {
        Ok(output) => {
            citations.note(call);
            tool_output(&call.id, output)
        }
        Err(error) => tool_output(&call.id, format!("Error: {}", error.text())),
    };
    calls.iter().zip(outputs).map(observe).collect()
}

#[cfg(test)]
mod tests {
    use timeslip_sdk::json;
    use timeslip_sdk::testing::{Session, task};

    use super::*;

    #[test]
    fn an_answer_that_cites_what_was_not_read_is_sent_back() {
        let session = Session::new()
            .model_calls("read_document", json!({"path": "tea.md"}))
            .model_says("Three minutes [coffee.md].")
            .model_says("Three minutes [tea.md].")
            .tool("read_document", |_| Ok("Three minutes.".to_owned()));
        let ran = session.run(ReactResearcher::run(task("How long does tea take?")));
        assert_eq!(ran.output.unwrap(), "Three minutes [tea.md].");
        let last = ran.requests[2].messages.last().unwrap();
        assert_eq!(last.content, "You cite coffee.md, which you have not read. Answer again.");
    }

    #[test]
    fn a_document_that_could_not_be_read_is_no_source() {
        let session = Session::new()
            .model_calls("read_document", json!({"path": "tea.md"}))
            .model_says("Three minutes [tea.md].")
            .model_says("The documents do not say.")
            .tool("read_document", |_| Err("there is no such document".into()));
        let ran = session.run(ReactResearcher::run(task("How long does tea take?")));
        assert_eq!(ran.output.unwrap(), "The documents do not say.");
    }
}
