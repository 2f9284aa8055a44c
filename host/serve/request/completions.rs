//! Bodies of `/v1/completions`: a text to go on with.

use serde_json::{Map, Value};
use timeslip_timeline::conversation::{ChatOptions, ChatRequest, Message, Role};

use super::Asked;
use super::chat::{include_usage, stops};
use super::fields::{Fields, object, wrong};
use crate::error::ApiError;

/// The limit of a completion that names none, as OpenAI has it.
const DEFAULT_LIMIT: u32 = 16;

/// Reads a body.
pub(crate) fn read_completion(body: &[u8]) -> Result<Asked, ApiError> {
    let map = object(body)?;
    let fields = Fields::new("", &map);
    fields.refuse_above("n", 1, "one choice is written; ask again for another")?;
    fields.refuse_above("best_of", 1, "one choice is written; leave it out")?;
    fields.refuse("logprobs", "modelled replies have no probabilities; leave it out")?;
    fields.refuse("logit_bias", "modelled replies have no probabilities to bias; leave it out")?;
    fields.refuse("echo", "the prompt is not repeated; leave it out")?;
    fields.refuse("suffix", "nothing is inserted before a text; leave it out")?;
    let prompt = prompt(&fields)?;
    let options = ChatOptions {
        max_output_tokens: Some(fields.whole("max_tokens", 1)?.unwrap_or(DEFAULT_LIMIT)),
        stop: stops(&fields)?,
        ..fields.options()?
    };
    let messages = vec![Message::text(Role::User, prompt)];
    Ok(Asked {
        model: fields.text("model")?.map(str::to_owned),
        chat: ChatRequest { model: None, messages, tools: Vec::new(), options },
        stream: fields.flag("stream")?,
        include_usage: include_usage(&fields)?,
        is_bare_text: true,
        echoed: Map::new(),
    })
}

fn prompt(fields: &Fields<'_>) -> Result<String, ApiError> {
    match fields.get("prompt") {
        Some(Value::String(prompt)) => Ok(prompt.clone()),
        Some(Value::Array(prompts)) => match prompts.as_slice() {
            [Value::String(prompt)] => Ok(prompt.clone()),
            [] => Err(ApiError::field("prompt", "it is empty; give a string")),
            [Value::Number(_), ..] | [Value::Array(_), ..] => {
                let why = "numbers of tokens are not read, since the model's vocabulary is not \
                           here; give a string";
                Err(ApiError::unsupported("prompt", why))
            }
            [_, _, ..] => Err(ApiError::unsupported("prompt", "give one prompt a request")),
            [other] => Err(wrong("prompt[0]", "a string", other)),
        },
        Some(other) => Err(wrong("prompt", "a string", other)),
        None => Err(ApiError::field("prompt", "it is missing; give a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_one_text_and_has_openais_limit() {
        let asked = read_completion(br#"{"prompt": ["Once"], "stream": true}"#).unwrap();
        assert_eq!(asked.chat.messages, [Message::text(Role::User, "Once")]);
        assert_eq!(asked.chat.options.max_output_tokens, Some(16));
        let problem = |body: &str| read_completion(body.as_bytes()).unwrap_err().message;
        insta::assert_snapshot!(problem(r#"{"prompt": [1, 2]}"#), @"prompt: numbers of tokens are not read, since the model's vocabulary is not here; give a string");
        insta::assert_snapshot!(problem(r#"{"prompt": ["a", "b"]}"#), @"prompt: give one prompt a request");
        insta::assert_snapshot!(problem(r#"{"prompt": "a", "echo": true}"#), @"echo: the prompt is not repeated; leave it out");
    }
}
