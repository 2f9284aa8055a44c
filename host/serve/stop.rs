//! The texts that end a reply.

use timeslip_timeline::backend::Reply;
use timeslip_timeline::conversation::{ChatOptions, FinishReason};

/// Ends a reply before the first text that stops it, if it has one: words that were recorded, or are
/// filler, know nothing of it. What the reply would be in a later prompt is then unknown.
pub(crate) fn cut_before(reply: &mut Reply, options: &ChatOptions, count: impl Fn(&str) -> u64) {
    let content = &mut reply.message.content;
    let Some(at) = options.first_stop(content) else {
        return;
    };
    content.truncate(at);
    reply.message.tool_calls.clear();
    reply.output_tokens = count(content);
    reply.finish_reason = FinishReason::Stop;
    reply.reply_part = None;
    reply.recorded = None;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use timeslip_timeline::conversation::{Message, Role};

    use super::*;

    #[test]
    fn a_reply_ends_before_the_first_text_that_stops_it() {
        let reply = |stops: &[&str]| {
            let mut reply = Reply {
                message: Message::text(Role::Assistant, "one two three"),
                finish_reason: FinishReason::Length,
                input_tokens: 1,
                output_tokens: 3,
                prompt: Arc::default(),
                reply_part: None,
                recorded: None,
            };
            let stop = stops.iter().map(|stop| (*stop).to_owned()).collect();
            let options = ChatOptions { stop, ..ChatOptions::default() };
            cut_before(&mut reply, &options, |text| text.split_whitespace().count() as u64);
            (reply.message.content, reply.output_tokens, reply.finish_reason)
        };
        assert_eq!(reply(&["three", " two"]), ("one".to_owned(), 1, FinishReason::Stop));
        assert_eq!(reply(&["four", ""]), ("one two three".to_owned(), 3, FinishReason::Length));
    }
}
