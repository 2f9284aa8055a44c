//! What listens: the socket, its connections, and their end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tower_service::Service;

use crate::connection::{GuardedStream, Phase, TrackedBody};
use crate::settings::Limits;

/// Bytes of a request's head, and of what a connection holds that is not written yet.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// After an error of accepting, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It cannot listen.
    #[error(
        "cannot listen on {0}: {1}\n  fix: give another address by --listen; port 0 takes a free one"
    )]
    Listen(SocketAddr, io::Error),
    /// The computer has no thread for it.
    #[error("cannot start threads: {0}")]
    Threads(#[from] io::Error),
    /// There is nothing to serve.
    #[error("there is no machine to serve")]
    NoMachine,
}

/// A socket with an address, to which nobody answers yet.
pub(crate) struct Bound {
    pub(crate) address: SocketAddr,
    runtime: Runtime,
    listener: TcpListener,
}

/// A socket whose requests are answered.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    pub(crate) runtime: Runtime,
    stop: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Bound {
    /// Takes an address, and starts threads for its connections.
    ///
    /// # Errors
    /// When the address cannot be listened on, or threads cannot be started.
    pub(crate) fn new(listen: SocketAddr, threads: usize) -> Result<Bound, ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .thread_name("timeslip-serve")
            .enable_all()
            .build()?;
        let listener = runtime
            .block_on(TcpListener::bind(listen))
            .map_err(|error| ServeError::Listen(listen, error))?;
        let address = listener.local_addr()?;
        Ok(Bound { address, runtime, listener })
    }

    /// Answers requests from now on.
    pub(crate) fn answer(self, router: Router, limits: Limits) -> Listening {
        let Bound { address, runtime, listener } = self;
        let (stop, stopped) = watch::channel(false);
        let accepting = runtime.spawn(accept(listener, router, limits, stopped));
        Listening { address, runtime, stop, accepting }
    }
}

impl Listening {
    /// Takes no more connections, lets requests under way finish for so long, and ends. Whether all
    /// of them did.
    pub(crate) fn stop(self, grace: Duration) -> bool {
        let Listening { runtime, stop, accepting, .. } = self;
        // Its receiver lives as long as the task that is waited for.
        let _ = stop.send(true);
        let ended = runtime.block_on(async { tokio::time::timeout(grace, accepting).await });
        runtime.shutdown_background();
        ended.is_ok()
    }
}

async fn accept(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(_) => {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            // Told at once rather than left to wait behind connections that may last for hours.
            refuse(stream);
            continue;
        };
        let served = graceful.watch(connection(stream, router.clone(), limits));
        tokio::spawn(async move {
            // How a connection ends is its client's business.
            let _ = served.await;
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

fn connection(
    stream: TcpStream,
    router: Router,
    limits: Limits,
) -> http1::Connection<
    TokioIo<GuardedStream>,
    impl hyper::service::Service<
        hyper::Request<Incoming>,
        Response = hyper::Response<TrackedBody>,
        Error = std::convert::Infallible,
        Future: Send,
    >,
> {
    // Each event is to leave at once.
    let _ = stream.set_nodelay(true);
    let phase = Arc::new(Phase::default());
    let stream =
        GuardedStream::new(stream, phase.clone(), limits.head_timeout, limits.write_timeout);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (mut router, phase) = (router.clone(), phase.clone());
        phase.begin();
        async move {
            let response = router.call(request.map(Body::new)).await?;
            Ok(response.map(|body| TrackedBody { body, phase }))
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
}

/// Tells a client that there is no room for its connection, as far as it takes that without waiting.
fn refuse(stream: TcpStream) {
    let answer = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
                   content-length: 0\r\n\r\n";
    let _ = stream.try_write(answer);
}
