//! The texts that end a reply.

use timeslip_timeline::backend::Reply;
use timeslip_timeline::conversation::FinishReason;

/// Ends a reply before the first of these texts, if it has one. What it would be in a later prompt is
/// then unknown.
pub(crate) fn cut_before(reply: &mut Reply, stops: &[String], count: impl Fn(&str) -> u64) {
    let content = &mut reply.message.content;
    let wanted = stops.iter().filter(|stop| !stop.is_empty());
    let Some(at) = wanted.filter_map(|stop| content.find(stop.as_str())).min() else {
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
            let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
            cut_before(&mut reply, &stops, |text| text.split_whitespace().count() as u64);
            (reply.message.content, reply.output_tokens, reply.finish_reason)
        };
        assert_eq!(reply(&["three", " two"]), ("one".to_owned(), 1, FinishReason::Stop));
        assert_eq!(reply(&["four", ""]), ("one two three".to_owned(), 3, FinishReason::Length));
    }
}
