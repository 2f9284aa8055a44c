//! A tool plugin with one tool: `fetch` gets a page over HTTP and gives its text.

mod entities;
mod html;
mod page;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../wit/agent", "../../wit/tool"],
        world: "timeslip:tool/tool",
        generate_all,
    });
}

use contract::exports::timeslip::tool::plugin::{Guest, ToolDefinition, ToolError};
use contract::timeslip::agent::types::ToolAnnotations;
use contract::timeslip::tool::http;
use contract::timeslip::tool::http_types::{Header, HttpError, HttpRequest};
use serde::{Deserialize, Serialize};

/// The most characters of a text, unless the call says otherwise.
const CHARACTERS: usize = 20_000;

struct HttpFetch;

impl Guest for HttpFetch {
    fn definitions() -> Vec<ToolDefinition> {
        vec![fetch_definition()]
    }

    async fn call(name: String, arguments: String) -> Result<String, ToolError> {
        if name != "fetch" {
            let text = format!("there is no tool {name:?}; this plugin has \"fetch\"");
            return Err(ToolError::UnknownTool(text));
        }
        let arguments: Arguments = serde_json::from_str(&arguments)
            .map_err(|error| ToolError::InvalidArguments(error.to_string()))?;
        if arguments.maximum_characters == Some(0) {
            let text = "maximum_characters must be at least 1".to_owned();
            return Err(ToolError::InvalidArguments(text));
        }
        let request = HttpRequest {
            method: "GET".to_owned(),
            url: arguments.url,
            headers: vec![Header {
                name: "accept".to_owned(),
                value: "text/html, text/*, application/json, application/xml".to_owned(),
            }],
            body: Vec::new(),
        };
        let response = http::fetch(request).await.map_err(tool_error)?;
        let content_type = response.headers.iter().find(|header| header.name == "content-type");
        let content_type = content_type.map(|header| header.value.clone()).unwrap_or_default();
        let text = page::text(&content_type, &response.body);
        let maximum = arguments.maximum_characters.unwrap_or(CHARACTERS);
        let output =
            Output { status: response.status, text: page::shortened(text, maximum), content_type };
        Ok(serde_json::to_string(&output).expect("texts and a number are always JSON"))
    }
}

contract::export!(HttpFetch with_types_in contract);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    url: String,
    #[serde(default)]
    maximum_characters: Option<usize>,
}

#[derive(Serialize)]
struct Output {
    status: u16,
    content_type: String,
    text: String,
}

fn tool_error(error: HttpError) -> ToolError {
    match error {
        HttpError::Refused(text) => ToolError::Refused(text),
        HttpError::InvalidRequest(text) => ToolError::InvalidArguments(text),
        HttpError::Timeout(text) | HttpError::Failed(text) => ToolError::Failed(text),
    }
}

fn fetch_definition() -> ToolDefinition {
    ToolDefinition {
        name: "fetch".to_owned(),
        description: "Gets a page over HTTP and gives its text, without markup. Redirects are not \
            followed: the text of a status from 300 to 399 names the next address."
            .to_owned(),
        input_schema: r#"{"type":"object","properties":{"url":{"type":"string","description":"the whole address, for example https://example.org/docs"},"maximum_characters":{"type":"integer","minimum":1,"description":"the most characters of the text; 20000 if left out"}},"required":["url"],"additionalProperties":false}"#
            .to_owned(),
        output_schema: Some(
            r#"{"type":"object","properties":{"status":{"type":"integer"},"content_type":{"type":"string"},"text":{"type":"string"}},"required":["status","content_type","text"],"additionalProperties":false}"#
                .to_owned(),
        ),
        annotations: ToolAnnotations {
            read_only: true,
            destructive: false,
            idempotent: true,
            open_world: true,
        },
    }
}
