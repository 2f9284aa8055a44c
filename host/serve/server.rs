//! The server: its socket, its connections and its end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
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

use crate::app::App;
use crate::clock::WallClock;
use crate::connection::{GuardedStream, Phase, TrackedBody};
use crate::directory::Directory;
use crate::keeper::{self, Command, KeeperHandle, ServedMachine};
use crate::routes::router;
use crate::settings::{Limits, Settings};
use crate::voice::{SharedVoice, Voice};

/// Bytes of a request's head, and of what a connection holds that is not written yet.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// After an error of accepting, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server that is running.
pub struct Server {
    address: SocketAddr,
    runtime: Runtime,
    stop: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<()>,
    keeper: KeeperHandle,
    keeper_thread: JoinHandle<()>,
}

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

impl Server {
    /// Starts a server. The machines' time begins now.
    ///
    /// # Errors
    /// When the address cannot be listened on, or threads cannot be started.
    pub fn start(
        machines: Vec<ServedMachine>,
        voice: Voice,
        settings: Settings,
    ) -> Result<Server, ServeError> {
        if machines.is_empty() {
            return Err(ServeError::NoMachine);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(settings.threads.max(1))
            .thread_name("timeslip-serve")
            .enable_all()
            .build()?;
        let listen = settings.listen;
        let listener = runtime
            .block_on(TcpListener::bind(listen))
            .map_err(|error| ServeError::Listen(listen, error))?;
        let address = listener.local_addr()?;
        let clock = WallClock::start(settings.speed);
        let names = machines.iter().map(|one| (one.name.clone(), one.model.clone()));
        let directory = Directory::new(names);
        let (keeper, keeper_thread) = keeper::start(machines, clock)?;
        let limits = settings.limits;
        let app = Arc::new(App {
            clock,
            keeper: keeper.clone(),
            voice: SharedVoice::new(voice),
            directory,
            requests: AtomicU64::new(0),
            in_flight: Arc::new(Semaphore::new(limits.in_flight)),
            bodies: Arc::new(Semaphore::new(limits.bodies_bytes)),
            settings,
        });
        let (stop, stopped) = watch::channel(false);
        let accepting = runtime.spawn(accept(listener, router(app), limits, stopped));
        Ok(Server { address, runtime, stop, accepting, keeper, keeper_thread })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets requests under way finish for so long, and ends. Whether all
    /// of them did.
    pub fn stop(self, grace: Duration) -> bool {
        let Server { runtime, stop, accepting, keeper, keeper_thread, .. } = self;
        // Its receiver lives as long as the task that is waited for.
        let _ = stop.send(true);
        let ended = runtime.block_on(async { tokio::time::timeout(grace, accepting).await });
        runtime.shutdown_background();
        keeper.tell(Command::Stop);
        let kept = keeper_thread.join();
        ended.is_ok() && kept.is_ok()
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
