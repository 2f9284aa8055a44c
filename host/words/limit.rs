//! Ends a reply at the request's limit on output tokens.

use timeslip_timeline::backend::Reply;
use timeslip_timeline::conversation::{ChatRequest, FinishReason};

use crate::tokenizer::Tokenizer;

/// The reply as far as the request lets it go.
///
/// A tool call that does not fit is left out, since half a call cannot be carried out.
pub(crate) fn within_limit(tokenizer: &Tokenizer, reply: Reply, request: &ChatRequest) -> Reply {
    match request.options.max_output_tokens.map(u64::from) {
        Some(limit) if limit < reply.output_tokens => cut(tokenizer, reply, limit),
        _ => reply,
    }
}

fn cut(tokenizer: &Tokenizer, mut reply: Reply, limit: u64) -> Reply {
    let (content, tokens) = tokenizer.truncate(&reply.message.content, limit);
    let mut left = limit - tokens;
    let fitting = reply.message.tool_calls.iter().take_while(|call| {
        let rest = left.checked_sub(tokenizer.count_tool_call(call));
        left = rest.unwrap_or(0);
        rest.is_some()
    });
    let fitting = fitting.count();
    reply.message.content = content.to_owned();
    reply.message.tool_calls.truncate(fitting);
    reply.finish_reason = FinishReason::Length;
    reply.output_tokens = limit;
    reply
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::conversation::{ChatOptions, Message, Role, ToolCall};

    use super::*;

    fn limited(max_output_tokens: Option<u32>) -> Reply {
        let tokenizer = Tokenizer::default();
        let mut message = Message::text(Role::Assistant, "one two three");
        message.tool_calls.push(ToolCall {
            id: "1".to_owned(),
            name: "search".to_owned(),
            arguments: "{}".to_owned(),
        });
        let reply = Reply {
            output_tokens: tokenizer.count_reply(&message),
            message,
            finish_reason: FinishReason::ToolCalls,
            input_tokens: 7,
        };
        let options = ChatOptions { max_output_tokens, ..ChatOptions::default() };
        let request = ChatRequest { model: None, messages: Vec::new(), tools: Vec::new(), options };
        within_limit(&tokenizer, reply, &request)
    }

    #[test]
    fn a_reply_within_its_limit_is_left_alone() {
        for limit in [None, Some(8), Some(100)] {
            let reply = limited(limit);
            assert_eq!((reply.output_tokens, reply.finish_reason), (8, FinishReason::ToolCalls));
        }
    }

    #[test]
    fn a_longer_reply_loses_the_call_that_does_not_fit_and_then_its_text() {
        let reply = limited(Some(7));
        assert_eq!(reply.message.content, "one two three");
        assert!(reply.message.tool_calls.is_empty());
        assert_eq!((reply.output_tokens, reply.finish_reason), (7, FinishReason::Length));
        assert_eq!(limited(Some(2)).message.content, "one two");
    }
}
