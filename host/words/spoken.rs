//! From a message to a reply: its tokens, those of the prompt, and the request's limit on output.

use timeslip_timeline::backend::Reply;
use timeslip_timeline::conversation::{ChatRequest, FinishReason, Message, Usage};

use crate::tokenizer::Tokenizer;

/// The reply to a request, as far as the request lets it go. `usage` gives the tokens where they
/// were recorded; else they are counted.
///
/// A tool call that does not fit is left out, since half a call cannot be carried out.
pub(crate) fn spoken(
    tokenizer: &Tokenizer,
    request: &ChatRequest,
    message: Message,
    finish_reason: FinishReason,
    usage: Option<Usage>,
) -> Reply {
    let prompt = tokenizer.prompt_parts(request);
    let output_tokens =
        usage.map_or_else(|| tokenizer.count_reply(&message), |usage| usage.output_tokens);
    let whole = Reply {
        input_tokens: usage
            .map_or_else(|| tokenizer.count_parts(&prompt), |usage| usage.input_tokens),
        output_tokens,
        prompt: prompt.into(),
        reply_part: Some(tokenizer.message_part(&message)),
        recorded: None,
        message,
        finish_reason,
    };
    match request.options.max_output_tokens.map(u64::from) {
        Some(limit) if limit < output_tokens => cut(tokenizer, whole, limit),
        _ => whole,
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
    reply.reply_part = Some(tokenizer.message_part(&reply.message));
    reply
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::conversation::{ChatOptions, Role, ToolCall};

    use super::*;

    fn limited(max_output_tokens: Option<u32>) -> Reply {
        let tokenizer = Tokenizer::default();
        let mut message = Message::text(Role::Assistant, "one two three");
        message.tool_calls.push(ToolCall {
            id: "1".to_owned(),
            name: "search".to_owned(),
            arguments: "{}".to_owned(),
        });
        let options = ChatOptions { max_output_tokens, ..ChatOptions::default() };
        let request = ChatRequest { model: None, messages: Vec::new(), tools: Vec::new(), options };
        spoken(&tokenizer, &request, message, FinishReason::ToolCalls, None)
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

    #[test]
    fn recorded_tokens_stand_in_place_of_counted_ones() {
        let tokenizer = Tokenizer::default();
        let request = ChatRequest {
            model: None,
            messages: vec![Message::text(Role::User, "Hello")],
            tools: Vec::new(),
            options: ChatOptions::default(),
        };
        let usage = Usage { input_tokens: 70, cached_input_tokens: 0, output_tokens: 30 };
        let message = Message::text(Role::Assistant, "Hi");
        let reply = spoken(&tokenizer, &request, message, FinishReason::Stop, Some(usage));
        assert_eq!((reply.input_tokens, reply.output_tokens), (70, 30));
    }
}
