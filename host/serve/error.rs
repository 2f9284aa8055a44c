//! Errors in OpenAI's shape.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use timeslip_timeline::conversation::ModelError;

use crate::slot::CallFailure;

/// An answer that is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    /// OpenAI's `type`.
    pub(crate) kind: &'static str,
    /// OpenAI's `code`.
    pub(crate) code: Option<Cow<'static, str>>,
    /// The field of the request that is wrong.
    pub(crate) param: Option<String>,
    /// For a person: what is wrong, and what to do.
    pub(crate) message: String,
    /// Whole seconds after which to try again.
    pub(crate) retry_after_seconds: Option<u64>,
}

/// What OpenAI calls most mistakes of requests.
const INVALID_REQUEST: &str = "invalid_request_error";

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> ApiError {
        let (code, param, retry_after_seconds) = (None, None, None);
        ApiError { status, kind, code, param, message: message.into(), retry_after_seconds }
    }

    fn with_code(self, code: &'static str) -> ApiError {
        ApiError { code: Some(code.into()), ..self }
    }

    /// A field of the request that cannot be used.
    pub(crate) fn field(param: impl Into<String>, problem: impl std::fmt::Display) -> ApiError {
        let param = param.into();
        let message = format!("{param}: {problem}");
        let error = ApiError::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, message);
        ApiError { param: Some(param), ..error }.with_code("invalid_value")
    }

    /// A field that would change the answer in a way that this server cannot.
    pub(crate) fn unsupported(param: impl Into<String>, why: impl std::fmt::Display) -> ApiError {
        ApiError::field(param, why).with_code("unsupported_parameter")
    }

    /// A body that is no JSON object.
    pub(crate) fn not_json(problem: impl std::fmt::Display) -> ApiError {
        let message = format!("the body is no JSON object: {problem}");
        ApiError::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, message).with_code("invalid_json")
    }

    /// A request that does not fit what is here.
    pub(crate) fn refused(status: StatusCode, code: &'static str, message: String) -> ApiError {
        ApiError::new(status, INVALID_REQUEST, message).with_code(code)
    }

    /// A key that is missing or wrong.
    pub(crate) fn key(problem: &str) -> ApiError {
        let message =
            format!("{problem}; send `Authorization: Bearer KEY` with a key of this server");
        ApiError::new(StatusCode::UNAUTHORIZED, INVALID_REQUEST, message)
            .with_code("invalid_api_key")
    }

    /// A model that nobody serves.
    pub(crate) fn unknown_model(message: String) -> ApiError {
        let error = ApiError::new(StatusCode::NOT_FOUND, INVALID_REQUEST, message);
        ApiError { param: Some("model".to_owned()), ..error }.with_code("model_not_found")
    }

    /// A path or method that is not served.
    pub(crate) fn no_route(status: StatusCode, message: String) -> ApiError {
        ApiError::new(status, INVALID_REQUEST, message).with_code("unknown_url")
    }

    /// Too much at once.
    pub(crate) fn overloaded(status: StatusCode, message: String, retry_after: u64) -> ApiError {
        let (kind, code) = match status {
            StatusCode::TOO_MANY_REQUESTS => ("rate_limit_error", "rate_limit_exceeded"),
            _ => ("server_error", "overloaded"),
        };
        let error = ApiError::new(status, kind, message).with_code(code);
        ApiError { retry_after_seconds: Some(retry_after), ..error }
    }

    /// The words have nothing to say to a request.
    pub(crate) fn no_words(kind: &'static str, message: String) -> ApiError {
        let status = match kind {
            "cassette_miss" => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        let error = ApiError::new(status, INVALID_REQUEST, message);
        ApiError { param: Some("messages".to_owned()), ..error }.with_code(kind)
    }

    /// An error of this server.
    pub(crate) fn internal(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", message)
            .with_code("internal_error")
    }

    /// A status that a fault asks for.
    pub(crate) fn injected(status: StatusCode) -> ApiError {
        let message = format!("a fault of --fault: status {}", status.as_u16());
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                ApiError::overloaded(status, message, 1)
            }
            status if status.is_client_error() => ApiError::new(status, INVALID_REQUEST, message),
            status => ApiError::new(status, "server_error", message),
        }
    }

    /// Why a machine did not serve a call.
    pub(crate) fn of_machine(failure: CallFailure) -> ApiError {
        let CallFailure { error, was_rejected, retry_after_seconds } = failure;
        match error {
            ModelError::UnknownModel(message) => ApiError::unknown_model(message),
            ModelError::ContextTooLong(message) => {
                let error = ApiError::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, message);
                ApiError { param: Some("messages".to_owned()), ..error }
                    .with_code("context_length_exceeded")
            }
            ModelError::InvalidRequest(message) => {
                ApiError::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, message)
            }
            ModelError::Refused(message) => {
                ApiError::new(StatusCode::FORBIDDEN, INVALID_REQUEST, message)
            }
            ModelError::OverBudget(message) => {
                ApiError::new(StatusCode::TOO_MANY_REQUESTS, "insufficient_quota", message)
                    .with_code("insufficient_quota")
            }
            ModelError::Unavailable(message) => {
                let status = match was_rejected {
                    true => StatusCode::TOO_MANY_REQUESTS,
                    false => StatusCode::SERVICE_UNAVAILABLE,
                };
                ApiError::overloaded(status, message, retry_after_seconds)
            }
        }
    }

    /// The body, which is also what a stream that has begun ends with.
    pub(crate) fn body_text(&self) -> String {
        let ApiError { kind, code, param, message, .. } = self;
        json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
            .to_string()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        let body = self.body_text();
        let mut response = (self.status, [(header::CONTENT_TYPE, json)], body).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_machine(error: ModelError, was_rejected: bool) -> (u16, String) {
        let failure = CallFailure { error, was_rejected, retry_after_seconds: 7 };
        let error = ApiError::of_machine(failure);
        let code = error.code.clone().unwrap_or_default().into_owned();
        (error.status.as_u16(), code)
    }

    #[test]
    fn what_a_machine_refuses_has_the_status_that_clients_know() {
        let unavailable = || ModelError::Unavailable("full".to_owned());
        assert_eq!(of_machine(unavailable(), true), (429, "rate_limit_exceeded".to_owned()));
        assert_eq!(of_machine(unavailable(), false), (503, "overloaded".to_owned()));
        let long = ModelError::ContextTooLong("long".to_owned());
        assert_eq!(of_machine(long, false), (400, "context_length_exceeded".to_owned()));
    }

    #[test]
    fn an_error_reads_as_openai_writes_it() {
        let error = ApiError::field("messages[0].role", "`robot` is no role");
        insta::assert_snapshot!(error.body_text(), @r#"{"error":{"message":"messages[0].role: `robot` is no role","type":"invalid_request_error","param":"messages[0].role","code":"invalid_value"}}"#);
        let response = ApiError::overloaded(StatusCode::TOO_MANY_REQUESTS, String::new(), 7);
        assert_eq!(response.into_response().headers()["retry-after"], "7");
    }
}
