//! Serves clients over streamable HTTP.
//!
//! A browser that was led here by another site's page is refused: the `Host` must be one of the
//! server's names, and an `Origin`, where there is one, the same computer. What a client may send is
//! bounded in size and in time, and so is the number of connections and of sessions.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::gate::Gate;
use crate::server::{Connection, Server};

/// The largest message that a client may send.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// Where the protocol is spoken.
pub const PATH: &str = "/mcp";

/// The most connections at once.
const CONNECTIONS_MAX: usize = 256;

/// The most sessions at once. One that has made no call holds some kilobytes.
const SESSIONS_MAX: usize = 1024;

/// How long the head of a request may take, and how long its body.
const SENDING_MAX: Duration = Duration::from_secs(30);

type Body = BoxBody<Bytes, Infallible>;
type Service = StreamableHttpService<Connection, LocalSessionManager>;

/// Who may come in.
#[derive(Clone, Default)]
pub struct HttpOptions {
    /// The key that every request must bear.
    pub key: Option<String>,
    /// Names of this computer beside those of the loopback.
    pub hosts: Vec<String>,
}

/// Serves clients for as long as connections can be accepted.
///
/// # Errors
/// When they no longer can.
pub async fn serve(server: &Server, listener: TcpListener, options: HttpOptions) -> io::Result<()> {
    let own = listener.local_addr()?.ip().to_string();
    let loopback = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let hosts: Vec<String> = loopback.into_iter().chain([own]).chain(options.hosts).collect();
    let origins = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(hosts)
        .with_allowed_origins(origins)
        .with_max_request_body_bytes(MESSAGE_BYTES_MAX);
    let (of_factory, of_requests) = (server.clone(), server.clone());
    let service = Service::new(
        move || Ok(of_factory.connection()),
        Arc::new(LocalSessionManager::default()),
        config,
    );
    let door = Door { service, gate: Gate::new(options.key), server: of_requests };
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = connections.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            // One client's connection failed, or the system has no more for now.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let door = door.clone();
        tokio::spawn(async move {
            door.serve(stream).await;
            drop(place);
        });
    }
}

/// What every connection goes through.
#[derive(Clone)]
struct Door {
    service: Service,
    gate: Gate,
    server: Server,
}

impl Door {
    async fn serve(self, stream: TcpStream) {
        let service = service_fn(move |request| {
            let door = self.clone();
            async move { Ok::<_, Infallible>(door.answer(request).await) }
        });
        let mut connection = hyper::server::conn::http1::Builder::new();
        connection.timer(TokioTimer::new()).header_read_timeout(SENDING_MAX);
        // A connection that breaks concerns its client alone.
        let _ = connection.serve_connection(TokioIo::new(stream), service).await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if request.uri().path() != PATH {
            return told(StatusCode::NOT_FOUND, "there is nothing here; MCP is spoken at /mcp");
        }
        if let Some((status, text)) = self.gate.refusal(request.headers()) {
            return told(status, text);
        }
        let is_new = !request.headers().contains_key("mcp-session-id");
        if is_new && self.server.connected() >= SESSIONS_MAX {
            return told(StatusCode::SERVICE_UNAVAILABLE, "there are too many sessions; try later");
        }
        let (head, body) = request.into_parts();
        let whole =
            tokio::time::timeout(SENDING_MAX, Limited::new(body, MESSAGE_BYTES_MAX).collect());
        let body = match whole.await {
            Ok(Ok(body)) => Full::new(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let text = "a message has at most 4 MiB here";
                return told(StatusCode::PAYLOAD_TOO_LARGE, text);
            }
            Ok(Err(_)) => return told(StatusCode::BAD_REQUEST, "the body broke off"),
            Err(_) => return told(StatusCode::REQUEST_TIMEOUT, "the body did not come in 30 s"),
        };
        self.service.handle(Request::from_parts(head, body)).await
    }
}

fn told(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())).boxed());
    *response.status_mut() = status;
    response
}
