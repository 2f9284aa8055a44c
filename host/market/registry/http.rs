//! HTTP to one registry: TLS by rustls with ring, no redirects that are not looked at, and an end to
//! every answer.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::location::Address;
use crate::error::{MarketError, Result};

/// How often an answer may lead elsewhere.
const REDIRECTS_MAX: usize = 5;

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(15);

/// The longest silence in the middle of an answer.
const SILENCE: Duration = Duration::from_secs(60);

/// What a registry answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What a status that was not expected means.
    pub(super) fn unexpected(&self, does: &str) -> MarketError {
        let said = String::from_utf8_lossy(&self.body[..self.body.len().min(300)]);
        let said = said.trim().escape_debug().to_string();
        let said = if said.is_empty() { said } else { format!(": {said}") };
        let hint = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                "; log in with `docker login`, `oras login` or another program that writes \
                 ~/.docker/config.json"
            }
            _ => "",
        };
        MarketError::failed(format!("{does}: the registry answered {}{said}{hint}", self.status))
    }
}

/// The connections to one registry.
#[derive(Debug)]
pub(super) struct Transport {
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    /// Scheme, host and port.
    pub(super) origin: Url,
    is_loopback: bool,
}

impl Transport {
    pub(super) fn new(address: &Address) -> Result<Transport> {
        let is_loopback = address.is_loopback();
        let scheme = if is_loopback { "http" } else { "https" };
        let origin = Url::parse(&format!("{scheme}://{}/", address.host)).map_err(|error| {
            MarketError::refused(format!("`{}` is no host: {error}", address.host))
        })?;
        let system = |error: &dyn std::fmt::Display| {
            MarketError::failed(format!("cannot set up connections: {error}"))
        };
        let client = reqwest::Client::builder()
            .user_agent(concat!("timeslip/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .tls_backend_preconfigured(tls(is_loopback)?)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| system(&error))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| system(&error))?;
        Ok(Transport { client, runtime, origin, is_loopback })
    }

    /// An address at the registry itself.
    pub(super) fn at(&self, path: &str) -> Result<Url> {
        let unusable = |error| MarketError::refused(format!("`{path}` is no address: {error}"));
        self.origin.join(path).map_err(unusable)
    }

    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Whether an address may be asked: over TLS, or on this computer if the registry is.
    pub(super) fn is_safe(&self, url: &Url) -> bool {
        url.scheme() == "https" || (self.is_loopback && url.origin() == self.origin.origin())
    }

    /// Sends a request and reads the whole answer, up to so many bytes of it.
    pub(super) fn send(&self, request: RequestBuilder, bytes_max: u64) -> Result<Answer> {
        self.runtime.block_on(async {
            let mut response = request.send().await.map_err(|error| broken(&error))?;
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
                if body.len() as u64 + chunk.len() as u64 > bytes_max {
                    return Err(MarketError::refused(format!(
                        "the registry sends more than the {bytes_max} bytes that were to come; the \
                         rest is not read"
                    )));
                }
                body.extend_from_slice(&chunk);
            }
            let (status, headers) = (response.status(), response.headers().clone());
            Ok(Answer { status, headers, body })
        })
    }

    /// Follows an answer that leads elsewhere. What is asked there is asked without credentials.
    pub(super) fn follow(
        &self,
        mut answer: Answer,
        mut from: Url,
        bytes_max: u64,
    ) -> Result<Answer> {
        for _ in 0..REDIRECTS_MAX {
            if !answer.status.is_redirection() {
                return Ok(answer);
            }
            from = self.location(&answer, &from)?;
            if !self.is_safe(&from) {
                return Err(MarketError::refused(format!(
                    "the registry leads to {}, which is not asked: it is neither over TLS nor the \
                     registry itself",
                    origin_text(&from)
                )));
            }
            answer = self.send(self.request(Method::GET, from.clone()), bytes_max)?;
        }
        Err(MarketError::refused("the registry leads from one address to the next without end"))
    }

    /// Where an answer leads.
    pub(super) fn location(&self, answer: &Answer, from: &Url) -> Result<Url> {
        let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        location.and_then(|location| from.join(location).ok()).ok_or_else(|| {
            MarketError::failed(format!("the registry answered {} and not where", answer.status))
        })
    }
}

/// An address without what may be secret in it.
pub(super) fn origin_text(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The innermost cause: the outer ones only say that there is one.
fn broken(error: &reqwest::Error) -> MarketError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let does = if error.is_connect() { "cannot be reached" } else { "broke off" };
    MarketError::failed(format!("the registry {does}: {cause}"))
}

fn tls(is_loopback: bool) -> Result<ClientConfig> {
    let unusable =
        |error: rustls::Error| MarketError::failed(format!("TLS cannot be set up: {error}"));
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let mut config = match is_loopback {
        // Without TLS, a system without certificates will do.
        true => builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
        false => {
            let verifier = Verifier::new(provider).map_err(unusable)?;
            let builder = builder.dangerous();
            builder.with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
