//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use timeslip_timeline::conversation::nearest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::asked::read_task;
use super::desk::{Desk, unwritable};
use super::events::{EventId, EventsBody, Watcher};
use super::object::{id_of, listed, number_of, object};
use super::server::TaskSettings;
use super::store::{Status, StoreError, TaskRow};
use crate::body::read_body;
use crate::error::ApiError;
use crate::keys;

/// Tasks of a list, where nothing is said.
const LIST_DEFAULT: u32 = 20;

/// The most tasks of a list.
const LIST_MAX: u32 = 100;

/// Bytes of an Idempotency-Key.
const KEY_BYTES_MAX: usize = 255;

/// The paths that are served, for messages; ID stands for a task's.
const PATHS: [&str; 7] = [
    "/v1/tasks",
    "/v1/tasks/ID",
    "/v1/tasks/ID/steps",
    "/v1/tasks/ID/slip",
    "/v1/tasks/ID/cancel",
    "/health",
    "/metrics",
];

/// What all requests share.
pub(super) struct TaskApp {
    pub(super) desk: Arc<Desk>,
    pub(super) settings: TaskSettings,
    pub(super) in_flight: Arc<Semaphore>,
    pub(super) bodies: Arc<Semaphore>,
}

type App = State<Arc<TaskApp>>;

/// An answer, or why there is none.
type Answer = Result<Response, ApiError>;

/// All paths.
pub(super) fn router(app: Arc<TaskApp>) -> Router {
    Router::new()
        .route("/v1/tasks", post(give).get(list))
        .route("/v1/tasks/{id}", get(show).delete(cancel))
        .route("/v1/tasks/{id}/steps", get(steps))
        .route("/v1/tasks/{id}/slip", get(slip))
        .route("/v1/tasks/{id}/cancel", post(cancel))
        .route("/health", get(health))
        .route("/metrics", get(metrics_page))
        .method_not_allowed_fallback(wrong_method)
        .fallback(wrong_path)
        .with_state(app)
}

impl TaskApp {
    /// Lets a request in, which has its place as long as what this gives.
    fn admit(&self, headers: &HeaderMap) -> Result<OwnedSemaphorePermit, ApiError> {
        keys::check(&self.settings.keys, headers)?;
        self.in_flight.clone().try_acquire_owned().map_err(|_| {
            let most = self.settings.limits.in_flight;
            let message = format!("{most} requests are in flight, which is as many as may be");
            ApiError::overloaded(StatusCode::SERVICE_UNAVAILABLE, message, 1)
        })
    }

    /// Asks the desk, on a thread that may wait for the disk.
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Desk) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let desk = self.desk.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&desk)).await;
        asked.map_err(|_| ApiError::internal("the server failed at this request alone"))?
    }

    async fn task(&self, id: String) -> Result<TaskRow, ApiError> {
        self.ask(move |desk| task(desk, &id)).await
    }
}

/// A task by its name.
fn task(desk: &Desk, id: &str) -> Result<TaskRow, ApiError> {
    let unknown = || {
        let shown: String = id.chars().take(100).collect();
        let message = match number_of(id) {
            Some(_) => format!(
                "there is no task `{shown}`; the last {} that are over are kept",
                desk.bounds.keep
            ),
            None => format!("`{shown}` is no task's id, which is `task-` and a number"),
        };
        ApiError::refused(StatusCode::NOT_FOUND, "task_not_found", message)
    };
    let number = number_of(id).ok_or_else(unknown)?;
    stored(desk.store.task(number))?.ok_or_else(unknown)
}

fn stored<T>(result: Result<T, StoreError>) -> Result<T, ApiError> {
    result.map_err(|error| unwritable(&error))
}

/// `POST /v1/tasks`.
async fn give(State(app): App, request: Request) -> Answer {
    let _place = app.admit(request.headers())?;
    from_here(request.headers())?;
    let key = idempotency_key(request.headers())?;
    if !request.headers().contains_key(header::CONTENT_TYPE) {
        let message = "the body has no type; send `content-type: application/json`".to_owned();
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(ApiError::refused(status, "unsupported_media_type", message));
    }
    let (body, _bytes) = read_body(request, &app.settings.limits, &app.bodies).await?;
    let accept = move |desk: &Desk| desk.accept(&read_task(&body)?, key.as_deref());
    let (row, is_new) = app.ask(accept).await?;
    let status = if is_new { StatusCode::ACCEPTED } else { StatusCode::OK };
    let mut response = json_of(status, &object(&row));
    let location = HeaderValue::try_from(format!("/v1/tasks/{}", id_of(row.number)));
    response.headers_mut().insert(header::LOCATION, location.expect("a name of plain letters"));
    Ok(response)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str().ok().filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len())) {
        Some(key) => Ok(Some(key.to_owned())),
        None => {
            let problem = format!("give 1 to {KEY_BYTES_MAX} letters, digits and signs of ASCII");
            Err(ApiError::field("Idempotency-Key", problem))
        }
    }
}

/// Refuses what a browser sends for a page of another place: whoever looks at a page gives no tasks.
fn from_here(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    let place = origin.split_once("://").map(|(_, place)| place);
    match place.is_some() && place == text(header::HOST) {
        true => Ok(()),
        false => {
            let message = format!("a page of {origin} may not give or end tasks here");
            Err(ApiError::refused(StatusCode::FORBIDDEN, "other_origin", message))
        }
    }
}

/// `GET /v1/tasks`.
async fn list(State(app): App, uri: Uri, headers: HeaderMap) -> Answer {
    let _place = app.admit(&headers)?;
    let (limit, before) = page(uri.query().unwrap_or_default())?;
    let mut rows = app.ask(move |desk| stored(desk.store.newest(before, limit + 1))).await?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let data: Vec<Value> = rows.iter().map(listed).collect();
    Ok(json_of(StatusCode::OK, &json!({"object": "list", "data": data, "has_more": has_more})))
}

/// How many tasks a list has at most, and the number that they come before.
fn page(query: &str) -> Result<(u32, i64), ApiError> {
    let (mut limit, mut before) = (LIST_DEFAULT, i64::MAX);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "limit" => {
                let read = value.parse().ok().filter(|limit| (1..=LIST_MAX).contains(limit));
                let wanted = || ApiError::field("limit", format!("give 1 to {LIST_MAX}"));
                limit = read.ok_or_else(wanted)?;
            }
            "after" => {
                let wanted = || ApiError::field("after", "give the id of a task, as in task-7");
                before = number_of(value).ok_or_else(wanted)?;
            }
            _ => {
                let problem = "a list has no such parameter; give limit or after";
                return Err(ApiError::unsupported(name, problem));
            }
        }
    }
    Ok((limit, before))
}

/// `GET /v1/tasks/ID`.
async fn show(State(app): App, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let _place = app.admit(&headers)?;
    Ok(json_of(StatusCode::OK, &object(&app.task(id).await?)))
}

/// `POST /v1/tasks/ID/cancel` and `DELETE /v1/tasks/ID`.
async fn cancel(State(app): App, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let _place = app.admit(&headers)?;
    from_here(&headers)?;
    let cancel = move |desk: &Desk| {
        let number = task(desk, &id)?.number;
        // It may be forgotten at once, where none that are over are kept.
        Ok((stored(desk.cancel(number))?, id))
    };
    let ((row, _), id) = app.ask(cancel).await?;
    match row {
        Some(row) if row.status == Status::Cancelled => Ok(json_of(StatusCode::OK, &object(&row))),
        Some(row) => {
            let message = format!("`{id}` has {}, and stays as it is", row.status.word());
            Err(ApiError::refused(StatusCode::CONFLICT, "task_is_over", message))
        }
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// `GET /v1/tasks/ID/slip`.
async fn slip(State(app): App, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let _place = app.admit(&headers)?;
    let read = move |desk: &Desk| {
        let row = task(desk, &id)?;
        let conflict = |code, message| ApiError::refused(StatusCode::CONFLICT, code, message);
        if !row.status.is_over() {
            let message =
                format!("`{id}` is {}, and has its slip when it is over", row.status.word());
            return Err(conflict("task_not_over", message));
        }
        stored(desk.store.slip(row.number))?.ok_or_else(|| {
            let why = "and a task that was not done to its end has no slip";
            conflict("no_slip", format!("`{id}` is over ({}), {why}", row.status.word()))
        })
    };
    let slip = app.ask(read).await?;
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json)], slip).into_response())
}

/// `GET /v1/tasks/ID/steps`.
async fn steps(State(app): App, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let place = app.admit(&headers)?;
    let seen = match headers.get("last-event-id") {
        None => None,
        Some(value) => {
            let problem = "give the id of an event of this task's";
            let read = value.to_str().ok().and_then(EventId::parse);
            Some(read.ok_or_else(|| ApiError::field("Last-Event-ID", problem))?)
        }
    };
    let (number, has_all) = app
        .ask(move |desk| {
            let row = task(desk, &id)?;
            let seen = seen.filter(|seen| seen.attempt == desk.attempt_of(&row));
            let has_all = match seen.filter(|_| row.status.is_over()) {
                Some(seen) => seen.count > stored(desk.store.step_count(row.number))?,
                None => false,
            };
            Ok((row.number, has_all))
        })
        .await?;
    if has_all {
        // A browser comes again after every end, unless it is told so.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let (out, frames) = mpsc::channel(1);
    let watcher = Watcher { desk: app.desk.clone(), number, seen, out };
    tokio::spawn(async move {
        watcher.watch().await;
        drop(place);
    });
    let events = HeaderValue::from_static("text/event-stream; charset=utf-8");
    let fresh = HeaderValue::from_static("no-cache");
    let head = [(header::CONTENT_TYPE, events), (header::CACHE_CONTROL, fresh)];
    Ok((head, Body::new(EventsBody(frames))).into_response())
}

async fn health(State(app): App) -> Response {
    match app.desk.trouble() {
        None => StatusCode::OK.into_response(),
        Some(trouble) => (StatusCode::SERVICE_UNAVAILABLE, format!("{trouble}\n")).into_response(),
    }
}

async fn metrics_page(State(app): App) -> Response {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], app.desk.metrics()).into_response()
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("{} does not take {method}", uri.path());
    ApiError::no_route(StatusCode::METHOD_NOT_ALLOWED, message)
}

async fn wrong_path(uri: Uri) -> ApiError {
    let path = uri.path();
    // The path's own id, so that it counts for nothing in what is nearest.
    let id = path.split('/').nth(3).filter(|id| !id.is_empty()).unwrap_or("ID");
    let known = PATHS.map(|known| known.replace("ID", id));
    let message = match nearest(path, known.iter().map(String::as_str)) {
        Some(near) => format!("there is no {path} here; did you mean {near}?"),
        None => format!("there is no {path} here; the paths are {}", PATHS.join(", ")),
    };
    ApiError::no_route(StatusCode::NOT_FOUND, message)
}

fn json_of(status: StatusCode, value: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], value.to_string()).into_response()
}
