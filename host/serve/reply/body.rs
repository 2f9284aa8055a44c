//! The body of a streamed reply, which writes a token when the machine has, and the client can take
//! it.
//!
//! A client that reads slowly gets the tokens that came meanwhile together, so a stream keeps one
//! frame of bytes at most, however far its client is behind.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};

use super::ReplyStream;
use crate::error::ApiError;
use crate::guard::CallGuard;
use crate::slot::{CallEnd, ReplySlot};

/// Bytes of a frame, after which the rest waits for the next one.
const FRAME_BYTES: usize = 16 * 1024;

/// A streamed reply.
pub(crate) struct StreamBody {
    pub(crate) slot: Arc<ReplySlot>,
    pub(crate) stream: ReplyStream,
    pub(crate) guard: CallGuard,
    /// Tokens of the whole reply.
    pub(crate) output_tokens: u64,
    /// Tokens that were written.
    pub(crate) written: u64,
    /// The token before which the connection breaks.
    pub(crate) breaks_before: Option<u64>,
    /// Whether what comes before the break was given time to leave.
    pub(crate) has_paused: bool,
    /// The token in place of whose event something unreadable is sent.
    pub(crate) garbles: Option<u64>,
    pub(crate) is_over: bool,
}

impl StreamBody {
    /// Writes tokens up to a number, or until the frame is full or the connection is to break.
    fn write_up_to(&mut self, tokens: u64, frame: &mut Vec<u8>) {
        while self.written < tokens && frame.len() < FRAME_BYTES && !self.is_at_break() {
            let token = self.written + 1;
            self.written = token;
            if self.garbles == Some(token) {
                frame.extend_from_slice(b"data: {\"choices\":[{\"delta\"\xff\n\n");
                continue;
            }
            self.stream.token(token, frame);
        }
    }

    fn is_at_break(&self) -> bool {
        self.breaks_before == Some(self.written + 1)
    }

    fn end(&mut self, end: CallEnd, frame: &mut Vec<u8>) {
        self.is_over = true;
        self.guard.is_done();
        match end {
            CallEnd::Served(served) => self.stream.end(&served.usage, frame),
            CallEnd::Failed(failure) => {
                let error = ApiError::of_machine(failure).body_text();
                frame.extend_from_slice(format!("data: {error}\n\n").as_bytes());
            }
        }
    }
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if this.is_over {
            return Poll::Ready(None);
        }
        let Poll::Ready((tokens, end)) = this.slot.poll_beyond(this.written, context) else {
            return Poll::Pending;
        };
        if this.is_at_break() {
            if !std::mem::replace(&mut this.has_paused, true) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            this.is_over = true;
            let error = io::Error::new(io::ErrorKind::ConnectionAborted, "a fault of --fault");
            return Poll::Ready(Some(Err(error)));
        }
        let mut frame = Vec::with_capacity(512);
        // The machine tells the last token by the reply's end.
        let is_served = matches!(end, Some(CallEnd::Served(_)));
        let tokens = if is_served { this.output_tokens } else { tokens };
        this.write_up_to(tokens, &mut frame);
        if let Some(end) = end.filter(|_| this.written >= tokens) {
            this.end(end, &mut frame);
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(frame)))))
    }
}
