//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use timeslip_timeline::conversation::nearest;

use crate::app::App;
use crate::error::ApiError;
use crate::keys;
use crate::metrics;
use crate::reply::Api;

/// The paths that are served, for messages.
const PATHS: [&str; 6] = [
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/models",
    "/health",
    "/metrics",
];

/// All paths.
pub(crate) fn router(app: Arc<App>) -> Router {
    let chat = |State(app): State<Arc<App>>, request: Request| app.answer(Api::Chat, request);
    let completions =
        |State(app): State<Arc<App>>, request: Request| app.answer(Api::Completions, request);
    let responses =
        |State(app): State<Arc<App>>, request: Request| app.answer(Api::Responses, request);
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/completions", post(completions))
        .route("/v1/responses", post(responses))
        .route("/v1/models", get(models))
        .route("/v1/models/{*model}", get(model))
        .route("/health", get(health))
        .route("/metrics", get(metrics_page))
        .method_not_allowed_fallback(wrong_method)
        .fallback(wrong_path)
        .with_state(app)
}

async fn models(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    keys::check(&app.settings.keys, &headers)?;
    let models: Vec<Value> = app.models().iter().map(|name| described(name)).collect();
    Ok(json_of(&json!({"object": "list", "data": models})))
}

async fn model(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    keys::check(&app.settings.keys, &headers)?;
    match app.models().contains(&name) {
        true => Ok(json_of(&described(&name))),
        false => Err(app.directory.unknown(&name)),
    }
}

fn described(name: &str) -> Value {
    json!({"id": name, "object": "model", "created": 0, "owned_by": "timeslip"})
}

async fn health() -> StatusCode {
    StatusCode::OK
}

async fn metrics_page(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let page = metrics::page(&app.report().await?);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], page).into_response())
}

async fn wrong_method(request: Request) -> ApiError {
    let (method, path) = (request.method(), request.uri().path());
    let message = format!("{path} does not take {method}");
    ApiError::no_route(StatusCode::METHOD_NOT_ALLOWED, message)
}

async fn wrong_path(uri: Uri) -> ApiError {
    let path = uri.path();
    let message = match nearest(path, PATHS) {
        Some(near) => format!("there is no {path} here; did you mean {near}?"),
        None => format!("there is no {path} here; the paths are {}", PATHS.join(", ")),
    };
    ApiError::no_route(StatusCode::NOT_FOUND, message)
}

fn json_of(value: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], value.to_string()).into_response()
}
