//! Connections: TLS by rustls with ring, trust as the system has it, no redirects, no hidden retry.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use timeslip_timeline::time::Span;

use crate::error::{LiveError, SetupError};
use crate::settings::{Proxy, Settings};

/// Makes the pool of connections to one server.
pub(crate) fn pool(settings: &Settings, endpoint: &Url) -> Result<reqwest::Client, SetupError> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("timeslip/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_nanos(settings.timeouts.connect.as_nanos()))
        .tls_backend_preconfigured(tls(settings, endpoint)?)
        // The key is for this server alone.
        .redirect(reqwest::redirect::Policy::none())
        // Every attempt is told and timed.
        .retry(reqwest::retry::never());
    let builder = match settings.proxy {
        Proxy::Environment => builder,
        Proxy::Direct => builder.no_proxy(),
    };
    builder.build().map_err(|error| SetupError::System { reason: root_cause(&error) })
}

fn tls(settings: &Settings, endpoint: &Url) -> Result<ClientConfig, SetupError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError::System { reason: error.to_string() })?;
    let mut config = match endpoint.scheme() {
        "https" => {
            let trusted = trusted_besides(settings)?;
            let verifier = Verifier::new_with_extra_roots(trusted, provider).map_err(|error| {
                let place = "the system".to_owned();
                SetupError::Certificates { place, reason: error.to_string() }
            })?;
            let builder = builder.dangerous();
            builder.with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        }
        // Without TLS, a system without certificates will do.
        _ => builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates that the settings name.
fn trusted_besides(settings: &Settings) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let Some(path) = &settings.certificates else {
        return Ok(Vec::new());
    };
    let unusable =
        |reason: String| SetupError::Certificates { place: path.display().to_string(), reason };
    let text = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = certificates.map_err(|error| unusable(error.to_string()))?;
    match certificates.is_empty() {
        true => Err(unusable("it holds no certificate".to_owned())),
        false => Ok(certificates),
    }
}

/// What it means that a request did not get through, or its answer did not, after so many bytes.
pub(crate) fn broken(error: &reqwest::Error, received_bytes: u64, connect: Span) -> LiveError {
    if let Some(reason) = distrust(error) {
        return LiveError::Certificate { reason };
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => {
            LiveError::Connect { reason: format!("no connection within {connect} (`connect`)") }
        }
        (true, false) => LiveError::Connect { reason: root_cause(error) },
        (false, _) => LiveError::Broken { received_bytes, reason: root_cause(error) },
    }
}

/// What is wrong with the server's certificate, if that is what the error is about.
fn distrust(error: &reqwest::Error) -> Option<String> {
    causes(error).find_map(|cause| match of_tls(cause) {
        Some(rustls::Error::InvalidCertificate(reason)) => Some(reason.to_string()),
        _ => None,
    })
}

/// The error of TLS in a cause: an error of the system that wraps another, or several times, does
/// not name it as its source.
fn of_tls<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    match cause.downcast_ref::<std::io::Error>() {
        Some(wrapping) => wrapping.get_ref().and_then(|wrapped| of_tls(wrapped)),
        None => cause.downcast_ref(),
    }
}

/// The innermost cause: the outer ones only say that there is one, and may hold the address.
fn root_cause(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "no reason given".to_owned(), ToString::to_string)
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    // Of what the reference points to: the source of a reference lives no longer than itself.
    std::iter::successors(error.source(), |cause| (**cause).source())
}
