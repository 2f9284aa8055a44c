use timeslip_timeline::conversation::{ChatOptions, ToolAnnotations};

use super::*;

fn spec(text: &str) -> SyntheticSpec {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn words(text: &str) -> SyntheticWords {
    SyntheticWords::new(spec(text), 7, Arc::default())
}

fn session(number: u32) -> SessionWords {
    SessionWords { session: SessionId(number), task_index: 0, task_input: Arc::from("Go") }
}

fn request(tools: &[&str]) -> ChatRequest {
    let tools = tools.iter().map(|name| ToolDefinition {
        name: (*name).to_owned(),
        description: String::new(),
        input_schema: r#"{"type":"object","properties":{"n":{"type":"integer","minimum":3}},"required":["n"]}"#
            .to_owned(),
        output_schema: None,
        annotations: ToolAnnotations::default(),
    });
    ChatRequest {
        model: None,
        messages: vec![Message::text(Role::User, "Go")],
        tools: tools.collect(),
        options: ChatOptions::default(),
    }
}

const TALK: &str = "output_tokens = { uniform = [5, 400] }";
const TOOLS: &str = "output_tokens = { fixed = 60 }\ntool_calls_per_session = { fixed = 2 }";

#[test]
fn a_reply_has_exactly_the_drawn_tokens() {
    let mut words = words(TALK);
    let tokenizer = Tokenizer::default();
    for _ in 0..50 {
        let reply = words.reply(&session(0), &request(&[])).unwrap();
        assert!((5..=400).contains(&reply.output_tokens));
        assert_eq!(tokenizer.count_anew(&reply.message.content), reply.output_tokens);
        assert_eq!(reply.finish_reason, FinishReason::Stop);
        assert_eq!(reply.input_tokens, tokenizer.count_prompt(&request(&[])));
    }
}

#[test]
fn no_session_changes_another_and_the_seed_decides() {
    let chats = |words: &mut SyntheticWords, number| -> Vec<String> {
        let chat = |_| words.reply(&session(number), &request(&[])).unwrap().message.content;
        (0..5).map(chat).collect()
    };
    let mut alone = words(TALK);
    let expected = chats(&mut alone, 3);
    let mut crowded = words(TALK);
    let mut heard = Vec::new();
    for _ in 0..5 {
        for other in [0, 1, 2, 4] {
            crowded.reply(&session(other), &request(&[])).unwrap();
        }
        heard.push(crowded.reply(&session(3), &request(&[])).unwrap().message.content);
    }
    assert_eq!(heard, expected);
    let mut other_seed = SyntheticWords::new(spec(TALK), 8, Arc::default());
    assert_ne!(chats(&mut other_seed, 3), expected);
    assert_ne!(chats(&mut words(TALK), 4), expected);
}

#[test]
fn tools_are_asked_for_first_and_then_the_model_answers() {
    let mut words = words(TOOLS);
    let mut request = request(&["search", "book"]);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let reply = words.reply(&session(0), &request).unwrap();
        let [call] = &reply.message.tool_calls[..] else { panic!("{:?}", reply.message) };
        assert!(["search", "book"].contains(&call.name.as_str()));
        assert_eq!(call.arguments, r#"{"n":3}"#);
        // Filler before the call makes up the drawn length.
        assert_eq!((reply.output_tokens, reply.finish_reason), (60, FinishReason::ToolCalls));
        ids.push(call.id.clone());
        request.messages.push(reply.message);
    }
    assert_eq!(ids, ["call_1", "call_2"]);
    let last = words.reply(&session(0), &request).unwrap();
    assert!(last.message.tool_calls.is_empty());
    assert_eq!((last.output_tokens, last.finish_reason), (60, FinishReason::Stop));
}

#[test]
fn the_request_has_the_last_word_on_tools() {
    let mut words = words(TOOLS);
    let asks = |words: &mut SyntheticWords, choice, tools: &[&str]| -> Vec<String> {
        let mut request = request(tools);
        request.options.tool_choice = choice;
        let reply = words.reply(&session(0), &request).unwrap();
        reply.message.tool_calls.into_iter().map(|call| call.name).collect()
    };
    assert!(asks(&mut words, ToolChoice::None, &["search"]).is_empty());
    assert!(asks(&mut words, ToolChoice::Auto, &[]).is_empty());
    for _ in 0..4 {
        let named = ToolChoice::Named("book".to_owned());
        assert_eq!(asks(&mut words, named, &["search", "book"]), ["book"]);
        assert_eq!(asks(&mut words, ToolChoice::Required, &["search"]), ["search"]);
    }
    assert!(asks(&mut words, ToolChoice::Auto, &["search"]).is_empty(), "both are used up");
}

#[test]
fn a_limit_on_tokens_cuts_filler() {
    let mut request = request(&[]);
    request.options.max_output_tokens = Some(9);
    let reply = words("output_tokens = { fixed = 60 }").reply(&session(0), &request).unwrap();
    assert_eq!((reply.output_tokens, reply.finish_reason), (9, FinishReason::Length));
    assert_eq!(Tokenizer::default().count_anew(&reply.message.content), 9);
}

#[test]
fn a_reply_obeys_the_schema_that_the_request_gives() {
    let mut request = request(&[]);
    request.options.response_schema = Some(r#"{"enum":["yes","no"]}"#.to_owned());
    let reply = words("output_tokens = { fixed = 60 }").reply(&session(0), &request).unwrap();
    assert_eq!(reply.message.content, "\"yes\"");
    assert_eq!(reply.output_tokens, Tokenizer::default().count_anew("\"yes\""));
}

#[test]
fn the_user_answers_so_often_and_then_has_left() {
    let text = "output_tokens = { fixed = 1 }\n[user]\nanswers_per_session = { fixed = 2 }\n\
                answer_tokens = { fixed = 30 }\nafter_seconds = 8";
    let mut words = words(text);
    let mut answers = Vec::new();
    for _ in 0..2 {
        let UserReply::Answer { text, after } = words.user_answer(&session(0), "?").unwrap() else {
            panic!("the user answers twice");
        };
        assert_eq!(Tokenizer::default().count_anew(&text), 30);
        assert_eq!(after, Span::from_millis(8000));
        answers.push(text);
    }
    assert_ne!(answers[0], answers[1]);
    assert_eq!(words.user_answer(&session(0), "?"), Ok(UserReply::Gone));
    let mut nobody = self::words(TALK);
    assert_eq!(nobody.user_answer(&session(0), "?"), Ok(UserReply::Nobody));
}

#[test]
fn a_specification_is_read_from_the_tagged_table_of_a_bench() {
    #[derive(Debug, Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    enum Table {
        Synthetic(SyntheticSpec),
    }
    let read = |text: &str| toml::from_str::<Table>(text);
    let Table::Synthetic(spec) =
        read("kind = \"synthetic\"\noutput_tokens = { lognormal = { median = 150, p95 = 2000 } }")
            .unwrap();
    assert_eq!(spec.output_tokens, Distribution::Lognormal { median: 150.0, p95: 2000.0 });
    let wrong = |text: &str| read(text).unwrap_err().message().to_owned();
    let unknown = wrong("kind = \"synthetic\"\noutput_tokens = { fixed = 1 }\nusr = 1");
    assert!(unknown.starts_with("unknown field `usr`"), "{unknown}");
    let negative = wrong(
        "kind = \"synthetic\"\noutput_tokens = { fixed = 1 }\n[user]\nafter_seconds = -1\n\
         answers_per_session = { fixed = 1 }\nanswer_tokens = { fixed = 1 }",
    );
    assert_eq!(negative, "-1 seconds is no time to answer in; give 0 or more");
}

#[test]
fn the_digest_is_of_the_specification_alone() {
    let digest = |text, seed| SyntheticWords::new(spec(text), seed, Arc::default()).digest();
    assert_eq!(digest(TALK, 1), digest(TALK, 2));
    assert_ne!(digest(TALK, 1), digest(TOOLS, 1));
}
