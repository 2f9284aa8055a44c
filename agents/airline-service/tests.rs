use super::*;

fn conversation(model_calls_max: u32) -> Conversation {
    let settings = Settings {
        system_prompt: "Be kind.\n".to_owned(),
        ends_with_tool: "transfer_to_human_agents".to_owned(),
        model_calls_max,
    };
    Conversation::new(settings, "Hello".to_owned())
}

fn call(id: &str, name: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: "{\"a\":1}".to_owned() }
}

fn reply(content: &str, calls: &[ToolCall]) -> Message {
    Message { tool_calls: calls.to_vec(), ..message(Role::Assistant, content.to_owned()) }
}

/// One line for each message, for comparisons.
fn lines(conversation: &Conversation) -> Vec<String> {
    let lines = conversation.messages().iter().map(|message| {
        let role = match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        };
        let calls = message.tool_calls.iter();
        let calls: Vec<String> =
            calls.map(|call| format!(" -> {}#{}", call.name, call.id)).collect();
        let id = message.tool_call_id.as_deref().unwrap_or_default();
        format!("{role}{id}: {}{}", message.content, calls.concat())
    });
    lines.collect()
}

#[test]
fn it_begins_with_the_policy_and_the_opening_words() {
    let conversation = conversation(30);
    assert_eq!(lines(&conversation), ["system: Be kind.\n", "user: Hello"]);
    assert_eq!(conversation.closing_words(), None);
}

#[test]
fn only_the_first_tool_call_of_a_reply_is_kept_and_its_text_stays() {
    let mut conversation = conversation(30);
    let calls = [call("1", "think"), call("2", "calculate")];
    let Next::Call(first) = conversation.model_replied(reply("Let me see.", &calls)) else {
        panic!("a tool call is made, not said");
    };
    conversation.tool_answered(first, "noted".to_owned());
    let expected = ["assistant: Let me see. -> think#1", "tool1: noted"];
    assert_eq!(lines(&conversation)[2..], expected);
    assert_eq!(conversation.closing_words(), None);
}

#[test]
fn text_alone_is_said_to_the_customer() {
    let mut conversation = conversation(30);
    let next = conversation.model_replied(reply("How can I help?", &[]));
    assert!(matches!(next, Next::Say(text) if text == "How can I help?"));
    conversation.customer_answered("Cancel it".to_owned());
    assert_eq!(lines(&conversation)[2..], ["assistant: How can I help?", "user: Cancel it"]);
    assert_eq!(conversation.closing_words(), None);
}

#[test]
fn it_ends_when_the_customer_stops_with_the_last_words_said() {
    let mut conversation = conversation(30);
    conversation.model_replied(reply("Done.", &[]));
    conversation.customer_answered("Thanks! ###STOP### bye".to_owned());
    assert_eq!(conversation.closing_words(), Some("Done."));
}

#[test]
fn it_ends_when_the_customer_has_left() {
    let mut conversation = conversation(30);
    conversation.model_replied(reply("Done.", &[]));
    conversation.customer_left();
    assert_eq!(conversation.closing_words(), Some("Done."));
}

#[test]
fn it_ends_with_the_tool_that_hands_over_even_without_a_word_said() {
    let mut conversation = conversation(30);
    let hand_over = call("1", "transfer_to_human_agents");
    conversation.model_replied(reply("", std::slice::from_ref(&hand_over)));
    conversation.tool_answered(hand_over, "Transfer successful".to_owned());
    assert_eq!(conversation.closing_words(), Some("Transfer successful"));
}

#[test]
fn the_last_words_said_come_before_the_output_of_a_tool() {
    let mut conversation = conversation(30);
    conversation.model_replied(reply("One moment.", &[]));
    conversation.customer_answered("Fine".to_owned());
    let hand_over = call("1", "transfer_to_human_agents");
    conversation.model_replied(reply("", std::slice::from_ref(&hand_over)));
    conversation.tool_answered(hand_over, "Transfer successful".to_owned());
    assert_eq!(conversation.closing_words(), Some("One moment."));
}

#[test]
fn it_ends_with_the_step_of_the_last_model_call() {
    for step_is_a_tool in [false, true] {
        let mut conversation = conversation(2);
        for model_call in 1..=2 {
            assert_eq!(conversation.closing_words(), None);
            if step_is_a_tool {
                let think = call(&model_call.to_string(), "think");
                conversation.model_replied(reply("", std::slice::from_ref(&think)));
                conversation.tool_answered(think, model_call.to_string());
            } else {
                conversation.model_replied(reply(&model_call.to_string(), &[]));
                conversation.customer_answered("Go on".to_owned());
            }
        }
        assert_eq!(conversation.closing_words(), Some("2"));
    }
}

#[test]
fn the_model_reads_what_it_can_mend_and_the_rest_ends_the_session() {
    let think = call("1", "think");
    let output = |error| output_of(error, &think);
    let text = || "why".to_owned();
    assert_eq!(output(ToolError::UnknownTool(text())).unwrap(), "Unknown action think");
    assert_eq!(output(ToolError::Failed(text())).unwrap(), "Error: why");
    assert_eq!(output(ToolError::InvalidOutput(text())).unwrap(), "Error: why");
    for error in [
        ToolError::InvalidArguments(text()),
        ToolError::Refused(text()),
        ToolError::Crashed(text()),
        ToolError::OverBudget(text()),
    ] {
        let problem = output(error).unwrap_err();
        assert!(problem.contains("think") && problem.contains("why"), "{problem}");
    }
}
