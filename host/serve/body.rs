//! Bodies of requests, read within limits; and of responses that break on purpose.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;
use crate::settings::Limits;

/// Reads a body of JSON. What it takes of the memory for all bodies is given back with the permit.
pub(crate) async fn read_body(
    request: Request<Body>,
    limits: &Limits,
    bodies: &Arc<Semaphore>,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), ApiError> {
    check_type(&request)?;
    let too_large = || {
        let most = limits.body_bytes;
        let message = format!("the body has more than {most} bytes, which is the most a body may");
        ApiError::body(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    };
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limits.body_bytes) {
        return Err(too_large());
    }
    let read = async {
        let mut body = request.into_body();
        let mut bytes: Vec<u8> = Vec::new();
        let mut held: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                let message = format!("the body ends early: {error}");
                ApiError::body(StatusCode::BAD_REQUEST, "incomplete_body", message)
            })?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > limits.body_bytes {
                return Err(too_large());
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
            Err(ApiError::body(StatusCode::REQUEST_TIMEOUT, "body_timeout", message))
        }
    }
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
            Err(ApiError::body(
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
