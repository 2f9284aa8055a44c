//! Shows a site on this computer.
//!
//! Whatever is asked for is looked up among the site's own files, and no part of a request becomes a
//! path. The server reads, and does nothing else.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};

use super::folder::files_of_site;
use super::frame::POLICY;
use crate::error::{MarketError, Result};

/// Connections at a time; a browser opens six.
const CONNECTIONS_MAX: usize = 64;

/// How long a request's head may take, and a connection may do nothing.
const HEAD_TIME_MAX: Duration = Duration::from_secs(15);

/// How long a connection may last, however slowly its client reads.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(300);

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// After an error of accepting, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server of one site, until it is dropped.
#[derive(Debug)]
pub struct SiteServer {
    address: SocketAddr,
    /// Dropped, it ends the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The site that is shown.
struct Site {
    folder: PathBuf,
    files: BTreeSet<String>,
    is_local: bool,
}

impl SiteServer {
    /// Shows the site in a folder at an address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the folder holds no site, or the address cannot be listened on.
    pub fn start(folder: &Path, listen: SocketAddr) -> Result<SiteServer> {
        let files = files_of_site(folder)?;
        if files.is_empty() {
            return Err(MarketError::not_found(format!(
                "there is no site in {}",
                folder.display()
            )));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| MarketError::failed(format!("cannot start a thread: {error}")))?;
        let bound = runtime.block_on(TcpListener::bind(listen));
        let bound = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|error| {
            MarketError::failed(format!(
                "cannot listen on {listen}: {error}; give another address by --listen; port 0 takes \
                 a free one"
            ))
        })?;
        let is_local = address.ip().is_loopback();
        let site = Arc::new(Site { folder: folder.to_owned(), files, is_local });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("timeslip-site".to_owned())
            .spawn(move || runtime.block_on(accept(listener, site, stopped)))
            .map_err(|error| MarketError::failed(format!("cannot start a thread: {error}")))?;
        Ok(SiteServer { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for SiteServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to say that anybody waits for.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, site: Arc<Site>, mut stopped: oneshot::Receiver<()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::time::timeout(ACCEPT_PAUSE, listener.accept()).await;
        if !matches!(stopped.try_recv(), Err(oneshot::error::TryRecvError::Empty)) {
            return;
        }
        let stream = match accepted {
            Ok(Ok((stream, _))) => stream,
            Ok(Err(_)) => {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
            Err(_) => continue,
        };
        // Who finds no place is told so by the connection's end.
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let served = connection(stream, site.clone());
        tokio::spawn(async move {
            // How a connection ends is its client's business.
            let _ = tokio::time::timeout(CONNECTION_TIME_MAX, served).await;
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, site: Arc<Site>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let site = site.clone();
        async move { Ok::<_, Infallible>(site.answer(&request)) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let _ = served.await;
}

impl Site {
    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if self.is_local && !is_local_host(request.headers().get(header::HOST)) {
            // A page from elsewhere whose name was made to lead here reads nothing.
            return refusal(StatusCode::MISDIRECTED_REQUEST, "this server answers this computer\n");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut refused =
                refusal(StatusCode::METHOD_NOT_ALLOWED, "a site is read by GET and HEAD\n");
            refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        let path = match request.uri().path() {
            "/" => "index.html",
            path => path.strip_prefix('/').unwrap_or(path),
        };
        let found = self.files.get(path).map(|file| (file, std::fs::read(self.folder.join(file))));
        match found {
            None => refusal(StatusCode::NOT_FOUND, "there is no such page; begin at /\n"),
            Some((_, Err(_))) => {
                refusal(StatusCode::INTERNAL_SERVER_ERROR, "the file cannot be read any more\n")
            }
            Some((file, Ok(bytes))) => response(StatusCode::OK, content_type(file), bytes),
        }
    }
}

fn refusal(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", text)
}

/// A response; of one to `HEAD` the body is left out by what writes it.
fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let policy = format!("{POLICY}; frame-ancestors 'none'");
    let policy = HeaderValue::try_from(policy).expect("the policy is ASCII");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    let rest: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_TYPE, content_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in rest {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn content_type(file: &str) -> &'static str {
    match file.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

/// Whether a request is for this computer by a name that nobody else can give it.
fn is_local_host(host: Option<&HeaderValue>) -> bool {
    let Some(host) = host.and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
