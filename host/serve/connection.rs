//! A connection that gives up on clients which neither send nor take.
//!
//! hyper closes connections without a request. What it does not see is watched here: a head that
//! trickles in byte by byte, and a client that takes nothing of what is written to it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Whether a request of a connection is being answered.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    answers: AtomicBool,
}

impl Phase {
    /// A request's head has come.
    pub(crate) fn begin(&self) {
        self.answers.store(true, Ordering::Relaxed);
    }

    fn end(&self) {
        self.answers.store(false, Ordering::Relaxed);
    }

    fn answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }
}

/// A TCP connection with its deadlines.
pub(crate) struct GuardedStream {
    stream: TcpStream,
    phase: Arc<Phase>,
    head_timeout: Duration,
    write_timeout: Duration,
    /// Runs from the first byte of a head until the head is whole.
    head: Option<Pin<Box<Sleep>>>,
    /// Runs while nothing can be written.
    stall: Option<Pin<Box<Sleep>>>,
}

impl GuardedStream {
    pub(crate) fn new(
        stream: TcpStream,
        phase: Arc<Phase>,
        head_timeout: Duration,
        write_timeout: Duration,
    ) -> GuardedStream {
        GuardedStream { stream, phase, head_timeout, write_timeout, head: None, stall: None }
    }

    fn wrote<T>(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stall = None;
            return result;
        }
        let timeout = self.write_timeout;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(timeout)));
        stall.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.phase.answers() {
            self.head = None;
            return result;
        }
        let has_come = buffer.filled().len() > before;
        if self.head.is_none() && has_come {
            self.head = Some(Box::pin(sleep(self.head_timeout)));
        }
        // Also while bytes come: a head that grows slowly is what this is for.
        match &mut self.head {
            Some(head) => match head.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => result,
            },
            None => result,
        }
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.wrote(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A response's body, which tells the connection when it is over.
pub(crate) struct TrackedBody {
    pub(crate) body: Body,
    pub(crate) phase: Arc<Phase>,
}

impl http_body::Body for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        self.phase.end();
    }
}
