//! A call of a server's tool as one fetch: `POST mcp://SERVER/TOOL` with the arguments as its body,
//! and the result as the response.
//!
//! The status says who answered: 200 the tool, whether it succeeded or not, and 400 the server itself,
//! with the error of the protocol.

use rmcp::model::{CallToolResult, ContentBlock, ErrorData, ResourceContents};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use timeslip_timeline::conversation::ToolError;
use timeslip_timeline::http::{HttpAnswer, HttpError, HttpHeader, HttpRequest, HttpResponse};

/// The scheme of the addresses.
pub const SCHEME: &str = "mcp";

/// How the addresses begin.
pub const ADDRESSES: &str = "mcp://";

const CONTENT_TYPE: &str = "content-type";
const JSON: &str = "application/json";

/// What the tool gave.
const OK: u16 = 200;
/// What the server refused.
const REFUSED: u16 = 400;

/// The result of a call, as far as an agent can see it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultBody {
    content: Vec<ContentBlock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    structured_content: Option<Value>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
}

/// The request for a call.
///
/// # Errors
/// When the arguments are no JSON object, which no server would take.
pub(crate) fn request(server: &str, tool: &str, arguments: &str) -> Result<HttpRequest, ToolError> {
    let wrong = |problem: String| ToolError::InvalidArguments(problem);
    let arguments: Value = serde_json::from_str(arguments)
        .map_err(|error| wrong(format!("the arguments are no JSON: {error}")))?;
    if !arguments.is_object() {
        return Err(wrong("the arguments are no JSON object".to_owned()));
    }
    Ok(HttpRequest {
        method: "POST".to_owned(),
        url: format!("{SCHEME}://{server}/{tool}"),
        headers: vec![is_json()],
        // Written anew, so that white space makes no other request.
        body: arguments.to_string().into_bytes(),
    })
}

/// The server and the tool that an address names.
pub fn server_and_tool(url: &str) -> Option<(&str, &str)> {
    url.strip_prefix(SCHEME)?.strip_prefix("://")?.split_once('/')
}

/// The response for a call that a tool has answered.
pub(crate) fn response(result: CallToolResult) -> HttpResponse {
    let body = ResultBody {
        content: result.content,
        structured_content: result.structured_content,
        is_error: result.is_error.unwrap_or(false),
    };
    written(OK, &body)
}

/// The response for a call that the server itself has refused.
pub(crate) fn refusal(error: &ErrorData) -> HttpResponse {
    written(REFUSED, error)
}

fn written(status: u16, body: &impl Serialize) -> HttpResponse {
    let body = serde_json::to_vec(body).expect("what was read as JSON is written as JSON");
    HttpResponse { status, headers: vec![is_json()], body }
}

fn is_json() -> HttpHeader {
    HttpHeader { name: CONTENT_TYPE.to_owned(), value: JSON.to_owned() }
}

/// What an agent gets: the structured content where the tool promises one, else all texts.
///
/// # Errors
/// What the tool, the server or the way to it has failed by.
pub(crate) fn output(answer: &HttpAnswer, is_structured: bool) -> Result<String, ToolError> {
    let response = match answer {
        Ok(response) => response,
        Err(HttpError::Refused(text)) => return Err(ToolError::Refused(text.clone())),
        Err(HttpError::InvalidRequest(text)) => {
            return Err(ToolError::InvalidArguments(text.clone()));
        }
        Err(error) => return Err(ToolError::Failed(error.to_string())),
    };
    if response.status != OK {
        let error = serde_json::from_slice::<ErrorData>(&response.body);
        return Err(match error {
            Ok(error) => {
                ToolError::Failed(format!("the server refused the call: {}", error.message))
            }
            Err(_) => ToolError::Failed(format!("the server answered with {}", response.status)),
        });
    }
    let unusable = |problem: &dyn std::fmt::Display| {
        ToolError::InvalidOutput(format!("the server's result cannot be read: {problem}"))
    };
    let body: ResultBody =
        serde_json::from_slice(&response.body).map_err(|error| unusable(&error))?;
    let text = text_of(&body.content);
    match (body.is_error, body.structured_content) {
        (true, _) => Err(ToolError::Failed(text)),
        (false, Some(structured)) if is_structured => Ok(structured.to_string()),
        (false, Some(structured)) if text.is_empty() => Ok(structured.to_string()),
        (false, _) => Ok(text),
    }
}

/// The texts of a result. What is no text is named, since a model could not read it as one.
fn text_of(content: &[ContentBlock]) -> String {
    let text = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("[an image, {}]", image.mime_type),
        ContentBlock::Audio(audio) => format!("[a recording, {}]", audio.mime_type),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            ResourceContents::BlobResourceContents { uri, .. } => format!("[the resource {uri}]"),
            _ => "[a resource]".to_owned(),
        },
        ContentBlock::ResourceLink(link) => format!("[the resource {}]", link.uri),
        _ => "[content of another kind]".to_owned(),
    };
    content.iter().map(text).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn answered(body: &str) -> HttpAnswer {
        let result: CallToolResult = serde_json::from_str(body).unwrap();
        Ok(Arc::new(response(result)))
    }

    #[test]
    fn white_space_makes_no_other_request() {
        let one = request("files", "read", "{ \"a\" : 1 }").unwrap();
        assert_eq!(one, request("files", "read", "{\"a\":1}").unwrap());
        assert_eq!(server_and_tool(&one.url), Some(("files", "read")));
        for wrong in ["", "[]", "{", "null"] {
            let error = request("files", "read", wrong).unwrap_err();
            assert!(matches!(error, ToolError::InvalidArguments(_)), "{wrong}: {error}");
        }
        assert_eq!(server_and_tool("https://files/read"), None);
    }

    #[test]
    fn an_agent_gets_the_text_or_what_is_structured() {
        let both = answered(
            r#"{"content":[{"type":"text","text":"a"},{"type":"image","data":"AA==","mimeType":"image/png"}],"structuredContent":{"n":1}}"#,
        );
        assert_eq!(output(&both, false).unwrap(), "a\n[an image, image/png]");
        assert_eq!(output(&both, true).unwrap(), r#"{"n":1}"#);
        let structured = answered(r#"{"content":[],"structuredContent":{"n":1}}"#);
        assert_eq!(output(&structured, false).unwrap(), r#"{"n":1}"#);
    }

    #[test]
    fn every_failure_reaches_the_agent_as_an_error() {
        let failed =
            answered(r#"{"content":[{"type":"text","text":"no such file"}],"isError":true}"#);
        assert_eq!(output(&failed, false), Err(ToolError::Failed("no such file".to_owned())));
        let refused = refusal(&ErrorData::invalid_params("a is missing", None));
        let told = output(&Ok(Arc::new(refused)), false).unwrap_err().to_string();
        assert_eq!(told, "failed: the server refused the call: a is missing");
        let late = Err(HttpError::Timeout("no answer".to_owned()));
        assert_eq!(output(&late, false).unwrap_err().to_string(), "failed: timeout: no answer");
        let odd = HttpResponse { status: 200, headers: Vec::new(), body: b"{}".to_vec() };
        let told = output(&Ok(Arc::new(odd)), false).unwrap_err();
        assert!(matches!(told, ToolError::InvalidOutput(_)), "{told}");
    }
}
