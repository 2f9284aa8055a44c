//! One request of a tool and its whole response.

use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING,
};
use reqwest::{Method, Response, Url};
use timeslip_timeline::http::{HttpError, HttpHeader, HttpRequest, HttpResponse};
use timeslip_timeline::time::Span;

use crate::connection::broken;
use crate::settings::Timeouts;

/// How much a fetch may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchLimits {
    /// For a connection, TLS included.
    pub(crate) connect: Span,
    /// From the asking until the whole body is there.
    pub(crate) whole: Span,
    /// Bytes of the body, of a request as of a response.
    pub(crate) body_bytes: usize,
}

impl Default for FetchLimits {
    fn default() -> FetchLimits {
        FetchLimits {
            connect: Span::from_millis(10_000),
            whole: Span::from_millis(60_000),
            body_bytes: 8 << 20,
        }
    }
}

impl FetchLimits {
    /// Those for connections.
    pub(crate) fn timeouts(self) -> Timeouts {
        Timeouts { connect: self.connect, ..Timeouts::default() }
    }
}

/// Sends a request and reads the whole response. Nothing is followed, and nothing tried again.
pub(crate) async fn fetch(
    pool: &reqwest::Client,
    url: Url,
    request: &HttpRequest,
    limits: FetchLimits,
) -> Result<HttpResponse, HttpError> {
    let built = built(pool, url, request, limits)?;
    let exchange = async {
        let sent = pool.execute(built).await;
        let response = sent.map_err(|error| failed(&error, 0, limits))?;
        read(response, limits).await
    };
    let whole = Duration::from_nanos(limits.whole.as_nanos());
    match tokio::time::timeout(whole, exchange).await {
        Ok(read) => read,
        Err(_) => Err(HttpError::Timeout(format!("no whole response within {}", limits.whole))),
    }
}

fn built(
    pool: &reqwest::Client,
    url: Url,
    request: &HttpRequest,
    limits: FetchLimits,
) -> Result<reqwest::Request, HttpError> {
    let wrong = |text: String| HttpError::InvalidRequest(text);
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| wrong(format!("there is no method `{}`", request.method)))?;
    let mut headers = HeaderMap::new();
    for HttpHeader { name, value } in &request.headers {
        let read = |_| wrong(format!("HTTP does not allow the header `{name}`"));
        let key = HeaderName::try_from(name).map_err(|_| read(()))?;
        headers.append(key, HeaderValue::try_from(value).map_err(|_| read(()))?);
    }
    // Nothing here can unpack a body.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if request.body.len() > limits.body_bytes {
        let (length, most) = (request.body.len(), limits.body_bytes);
        return Err(wrong(format!("the body has {length} bytes, over the limit of {most}")));
    }
    let builder = pool.request(method, url).headers(headers);
    let builder = match request.body.is_empty() {
        true => builder,
        false => builder.body(request.body.clone()),
    };
    builder.build().map_err(|_| wrong("the request cannot be written".to_owned()))
}

async fn read(mut response: Response, limits: FetchLimits) -> Result<HttpResponse, HttpError> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        match chunk.map_err(|error| failed(&error, body.len(), limits))? {
            None => break,
            Some(chunk) if body.len() + chunk.len() > limits.body_bytes => {
                let most = limits.body_bytes;
                let text = format!("the response is larger than the limit of {most} bytes");
                return Err(HttpError::Failed(text));
            }
            Some(chunk) => body.extend_from_slice(&chunk),
        }
    }
    if let Some(coding) = headers.get(CONTENT_ENCODING).filter(|_| !body.is_empty())
        && coding != "identity"
    {
        return Err(HttpError::Failed(format!(
            "the server packed the body by {coding:?}, although it was asked not to"
        )));
    }
    Ok(HttpResponse { status, headers: written(&headers), body })
}

/// The headers but for those of the connection alone.
fn written(headers: &HeaderMap) -> Vec<HttpHeader> {
    let own = headers.iter().filter(|(name, _)| {
        **name != CONNECTION && **name != TRANSFER_ENCODING && name.as_str() != "keep-alive"
    });
    let written = own.map(|(name, value)| HttpHeader {
        name: name.as_str().to_owned(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    });
    written.collect()
}

fn failed(error: &reqwest::Error, received: usize, limits: FetchLimits) -> HttpError {
    let told = broken(error, received as u64, limits.connect).to_string();
    match error.is_timeout() {
        true => HttpError::Timeout(told),
        false => HttpError::Failed(told),
    }
}
