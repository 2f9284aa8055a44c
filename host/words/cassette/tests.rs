use std::sync::Arc;

use proptest::prelude::*;
use timeslip_timeline::backend::{SessionId, SessionWords, UserReply, Words};
use timeslip_timeline::conversation::{
    ChatOptions, ChatRequest, FinishReason, Message, Role, ToolCall, Usage,
};
use timeslip_timeline::time::Span;

use super::*;

pub(super) fn header(key: &[KeyPart]) -> Header {
    Header {
        schema: SCHEMA.to_owned(),
        name: "booking".to_owned(),
        recorded_model: None,
        source: "a test".to_owned(),
        key: key.to_vec(),
        tokens: TokenSource::Counted,
        rewrites: Vec::new(),
        redacted: false,
    }
}

fn request(messages: &[Message]) -> ChatRequest {
    ChatRequest {
        model: None,
        messages: messages.to_vec(),
        tools: Vec::new(),
        options: ChatOptions::default(),
    }
}

fn system(text: &str) -> Message {
    Message::text(Role::System, text)
}

fn user(text: &str) -> Message {
    Message::text(Role::User, text)
}

fn assistant(text: &str) -> Message {
    Message::text(Role::Assistant, text)
}

/// A cassette in which "Hello" is answered twice, by "First" and "Second".
fn hello_twice() -> Arc<Cassette> {
    let mut writer = CassetteWriter::new(header(&[KeyPart::Messages]));
    for reply in ["First", "Second"] {
        let asked = request(&[system("Be kind."), user("Hello")]);
        writer.chat(&asked, &assistant(reply), FinishReason::Stop, None);
    }
    writer.user("Second", "Thanks", Span::from_millis(700));
    Arc::new(Cassette::parse("hello.jsonl", writer.into_text().as_bytes()).unwrap())
}

fn words(matching: Matching) -> CassetteWords {
    CassetteWords::new(vec![hello_twice()], matching, Arc::default())
}

fn said(words: &mut CassetteWords, messages: &[Message]) -> String {
    let session = SessionWords { session: SessionId(0), task_index: 0, task_input: "Hello".into() };
    match words.reply(&session, &request(messages)) {
        Ok(reply) => reply.message.content,
        Err(error) => error.message,
    }
}

#[test]
fn equal_requests_are_answered_in_their_recorded_order_and_not_more_often() {
    let mut words = words(Matching::Exact);
    let hello = [system("Be kind."), user("Hello")];
    assert_eq!(said(&mut words, &hello), "First");
    assert_eq!(said(&mut words, &hello), "Second");
    let miss = said(&mut words, &hello);
    assert!(miss.contains("holds only 2 times") && miss.contains("No reply is made up"), "{miss}");
}

#[test]
fn another_system_prompt_is_another_request() {
    let miss = said(&mut words(Matching::Exact), &[system("Be brief."), user("Hello")]);
    assert!(miss.contains("Message 1 (system) differs"), "{miss}");
}

#[test]
fn turns_are_known_under_other_instructions_and_again() {
    let mut words = words(Matching::Turns);
    for reply in ["First", "Second", "Second", "Second"] {
        assert_eq!(said(&mut words, &[system("Be brief."), user("Hello")]), reply);
    }
    let miss = said(&mut words, &[system("Be kind."), user("Good day")]);
    assert!(miss.contains("is not in hello.jsonl"), "{miss}");
    assert_ne!(words.digest(), super::tests::words(Matching::Exact).digest());
}

#[test]
fn a_user_answers_in_their_own_time_and_then_has_left() {
    let mut words = words(Matching::Exact);
    let session = SessionWords { session: SessionId(0), task_index: 0, task_input: "".into() };
    let answer = words.user_answer(&session, "Second").unwrap();
    let expected = UserReply::Answer { text: "Thanks".to_owned(), after: Span::from_millis(700) };
    assert_eq!(answer, expected);
    assert_eq!(words.user_answer(&session, "Anything else?").unwrap(), UserReply::Gone);
}

#[test]
fn another_question_to_the_user_is_a_miss_with_the_closest() {
    let session = SessionWords { session: SessionId(0), task_index: 0, task_input: "".into() };
    let error = words(Matching::Exact).user_answer(&session, "Sekond").unwrap_err();
    assert_eq!(error.kind, "cassette_miss");
    assert!(error.message.contains("The closest recorded question is on line"), "{error}");
}

fn any_message() -> impl Strategy<Value = Message> {
    let role = prop::sample::select(vec![Role::System, Role::User, Role::Assistant, Role::Tool]);
    let calls = prop::collection::vec(("[a-z]{1,4}", "\\PC{0,6}"), 0..3);
    (role, "\\PC{0,12}", calls).prop_map(|(role, content, calls)| {
        let call = |(name, arguments)| ToolCall { id: "id".to_owned(), name, arguments };
        Message {
            tool_calls: match role {
                Role::Assistant => calls.into_iter().map(call).collect(),
                _ => Vec::new(),
            },
            ..Message::text(role, content)
        }
    })
}

proptest! {
    /// What a recorder writes is what a player gives.
    #[test]
    fn what_was_written_is_played(
        chats in prop::collection::vec(
            (prop::collection::vec(any_message(), 1..5), "\\PC{0,12}", 1u64..999), 1..6),
    ) {
        let header = Header { tokens: TokenSource::Recorded, ..header(&[KeyPart::Messages]) };
        let mut writer = CassetteWriter::new(header);
        for (messages, reply, tokens) in &chats {
            let usage =
                Usage { input_tokens: 7, cached_input_tokens: 0, output_tokens: *tokens };
            let reply = assistant(reply);
            writer.chat(&request(messages), &reply, FinishReason::Stop, Some(usage));
        }
        let cassette = Cassette::parse("any.jsonl", writer.into_text().as_bytes()).unwrap();
        prop_assert_eq!(cassette.counts().chats, chats.len());
        let mut words =
            CassetteWords::new(vec![Arc::new(cassette)], Matching::Exact, Arc::default());
        let session = SessionWords { session: SessionId(0), task_index: 0, task_input: "".into() };
        for (messages, reply, tokens) in &chats {
            let played = words.reply(&session, &request(messages)).unwrap();
            prop_assert_eq!(&played.message.content, reply);
            prop_assert_eq!((played.input_tokens, played.output_tokens), (7, *tokens));
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Cassette::parse("any.jsonl", &bytes);
    }
}
