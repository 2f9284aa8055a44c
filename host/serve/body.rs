//! Bodies of requests, read within limits; and of responses that break on purpose.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;
use crate::settings::Limits;

/// What is taken of a body that is too large: so many times what a body may have, for so long.
const REST_TIMES: usize = 4;
const REST_TIMEOUT: Duration = Duration::from_secs(2);

/// Reads a body of JSON. What it takes of the memory for all bodies is given back with the permit.
pub(crate) async fn read_body(
    request: Request<Body>,
    limits: &Limits,
    bodies: &Arc<Semaphore>,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), ApiError> {
    check_type(&request)?;
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let mut body = request.into_body();
    if length.is_some_and(|length| length > limits.body_bytes) {
        return Err(too_large(body, limits).await);
    }
    let read = async {
        let mut bytes: Vec<u8> = Vec::new();
        let mut held: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                let message = format!("the body ends early: {error}");
                ApiError::refused(StatusCode::BAD_REQUEST, "incomplete_body", message)
            })?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > limits.body_bytes {
                return Err(too_large(body, limits).await);
            }
            let more = bodies.clone().try_acquire_many_owned(data.len() as u32).map_err(|_| {
                let message = "the bodies under way take all the memory that they may".to_owned();
                ApiError::overloaded(StatusCode::SERVICE_UNAVAILABLE, message, 1)
            })?;
            match &mut held {
                Some(held) => held.merge(more),
                none => *none = Some(more),
            }
            bytes.extend_from_slice(&data);
        }
        Ok((bytes, held))
    };
    match tokio::time::timeout(limits.body_timeout, read).await {
        Ok(read) => read,
        Err(_) => {
            let seconds = limits.body_timeout.as_secs_f64();
            let message = format!("the body was not there {seconds} s after its head");
            Err(ApiError::refused(StatusCode::REQUEST_TIMEOUT, "body_timeout", message))
        }
    }
}

/// A body that is too large. Some of the rest is taken, since a client that is still sending would
/// otherwise see its connection break before it reads why.
async fn too_large(mut body: Body, limits: &Limits) -> ApiError {
    let mut left = limits.body_bytes.saturating_mul(REST_TIMES);
    let take = async {
        while let Some(Ok(frame)) = body.frame().await {
            let taken = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(taken) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // Whether all of it came makes no difference to the answer.
    let _ = tokio::time::timeout(REST_TIMEOUT, take).await;
    let most = limits.body_bytes;
    let message = format!("the body has more than {most} bytes, which is the most a body may");
    ApiError::refused(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
}

/// A body without a type is taken for JSON.
fn check_type(request: &Request<Body>) -> Result<(), ApiError> {
    let Some(given) = request.headers().get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let kind = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match kind.eq_ignore_ascii_case("application/json") || kind.ends_with("+json") {
        true => Ok(()),
        false => {
            let message = format!("the body is of type `{kind}`; send `application/json`");
            Err(ApiError::refused(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                message,
            ))
        }
    }
}

/// A body that breaks after its first part.
pub(crate) struct BrokenBody(pub(crate) Option<Bytes>);

impl http_body::Body for BrokenBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(match self.0.take() {
            Some(part) => Ok(Frame::data(part)),
            None => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "a fault of --fault")),
        }))
    }
}
