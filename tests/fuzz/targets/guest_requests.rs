//! Chats with any messages, tools and options, as a guest can send them: counted, answered by each
//! kind of words, and written down as a cassette that opens.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use timeslip_fuzz::{AnyRequest, session};
use timeslip_timeline::backend::Words;
use timeslip_words::script::ScriptWords;
use timeslip_words::synthetic::{SyntheticSpec, SyntheticWords};
use timeslip_words::tokenizer::Tokenizer;

const SCRIPT: &str = r#"
[[reply]]
when.role = "tool"
say = "The tool gave {{ message }}."

[[reply]]
when.text = "(?<what>[a-z]+)"
say = "You said {{ what }}."

[[reply]]
say = "Go on."
"#;

fuzz_target!(|asked: AnyRequest| {
    let request = asked.into_request();
    let tokenizer = Arc::new(Tokenizer::default());
    let tokens = tokenizer.count_prompt(&request);
    let spec: SyntheticSpec =
        toml::from_str("output_tokens = { fixed = 12 }\ntool_calls_per_session = { fixed = 2 }")
            .expect("a specification");
    let mut synthetic = SyntheticWords::new(spec, 1, tokenizer.clone());
    if let Ok(reply) = synthetic.reply(&session("Hello"), &request) {
        assert_eq!(reply.input_tokens, tokens);
        assert!(reply.output_tokens >= 1);
    }
    let script = ScriptWords::parse("fuzz.toml", SCRIPT.as_bytes(), tokenizer);
    let mut script = script.expect("the script is right");
    if let Ok(reply) = script.reply(&session("Hello"), &request) {
        assert_eq!(reply.input_tokens, tokens);
    }
});
