//! The steps of a task as server-sent events: those of a task that runs as they are over, those of one
//! that is over from the store, the same ones either way.
//!
//! Each watcher has one frame of events on its way and waits for its client to take it; how far it is
//! behind costs nothing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::mpsc;

use super::desk::Desk;
use super::log::TaskLog;
use super::object::object;
use super::store::{StoreError, TaskRow};

/// Bytes of a frame, after which the rest waits for the next one.
const FRAME_BYTES: usize = 16 * 1024;

/// Steps that are read from the store at once.
const PAGE: u32 = 64;

/// Without any event, a line is sent, so that what is between keeps the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The name of an event: which attempt at the task it is of, and which event of that.
///
/// Of tasks that go alike every time it is the count alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EventId {
    pub(super) attempt: u32,
    pub(super) count: u64,
}

impl EventId {
    /// Reads what a client says that it has seen.
    pub(super) fn parse(text: &str) -> Option<EventId> {
        let (attempt, count) = text.split_once('.').unwrap_or(("0", text));
        Some(EventId { attempt: attempt.parse().ok()?, count: count.parse().ok()? })
    }

    fn write(self, frame: &mut Vec<u8>) {
        let EventId { attempt, count } = self;
        let id = match attempt {
            0 => format!("id: {count}\n"),
            attempt => format!("id: {attempt}.{count}\n"),
        };
        frame.extend_from_slice(id.as_bytes());
    }
}

/// A client that watches a task.
pub(super) struct Watcher {
    pub(super) desk: Arc<Desk>,
    pub(super) number: i64,
    /// The last event that the client has.
    pub(super) seen: Option<EventId>,
    pub(super) out: mpsc::Sender<Bytes>,
}

/// Whether a client is still there.
type Goes = Result<(), Gone>;

/// The client is gone, or the store cannot be read: the stream ends, and the client may come again.
struct Gone;

impl From<StoreError> for Gone {
    fn from(_: StoreError) -> Gone {
        Gone
    }
}

impl Watcher {
    /// Sends all events up to the end; without one, where the server stops before the task is over.
    pub(super) async fn watch(mut self) {
        // A client that is gone needs no end.
        let _ = self.run().await;
    }

    async fn run(&mut self) -> Goes {
        if let Some(log) = self.desk.log_of(self.number) {
            self.follow(&log).await?;
        }
        self.finish().await
    }

    /// How many events of an attempt the client has.
    fn seen_of(&self, attempt: u32) -> u64 {
        self.seen.filter(|seen| seen.attempt == attempt).map_or(0, |seen| seen.count)
    }

    /// Sends steps as they come, until the log is closed.
    async fn follow(&mut self, log: &TaskLog) -> Goes {
        let mut changes = log.changes();
        loop {
            let new = log.behind(|attempt| self.seen_of(attempt), FRAME_BYTES);
            if !new.steps.is_empty() {
                self.send(new.attempt, &new.steps).await?;
                continue;
            }
            if new.is_closed {
                return Ok(());
            }
            tokio::select! {
                // The log keeps its sender.
                _ = changes.changed() => {}
                () = tokio::time::sleep(KEEP_ALIVE) => self.give(b": it goes on\n\n".to_vec()).await?,
                () = self.out.closed() => return Err(Gone),
            }
        }
    }

    /// Sends what the store has behind what the client has.
    async fn finish(&mut self) -> Goes {
        let number = self.number;
        let row = self.ask(move |desk| desk.store.task(number)).await?;
        let Some(row) = row.filter(|row| row.status.is_over()) else {
            return Ok(());
        };
        let attempt = self.desk.attempt_of(&row);
        loop {
            let seen = self.seen_of(attempt);
            let steps = self.ask(move |desk| desk.store.steps(number, seen, PAGE)).await?;
            if steps.is_empty() {
                break;
            }
            self.send(attempt, &steps).await?;
        }
        let count = self.seen_of(attempt) + 1;
        self.give(end_event(EventId { attempt, count }, &row)).await
    }

    async fn send(&mut self, attempt: u32, steps: &[Arc<str>]) -> Goes {
        let mut frame = Vec::new();
        for step in steps {
            let id = EventId { attempt, count: self.seen_of(attempt) + 1 };
            id.write(&mut frame);
            frame.extend_from_slice(b"event: step\ndata: ");
            frame.extend_from_slice(step.as_bytes());
            frame.extend_from_slice(b"\n\n");
            self.seen = Some(id);
        }
        self.give(frame).await
    }

    async fn give(&self, frame: Vec<u8>) -> Goes {
        self.out.send(frame.into()).await.map_err(|_| Gone)
    }

    /// Asks the store, on a thread that may wait for the disk.
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Desk) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Gone> {
        let desk = self.desk.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&desk));
        Ok(asked.await.map_err(|_| Gone)??)
    }
}

fn end_event(id: EventId, row: &TaskRow) -> Vec<u8> {
    let mut frame = Vec::new();
    id.write(&mut frame);
    frame.extend_from_slice(format!("event: end\ndata: {}\n\n", object(row)).as_bytes());
    frame
}

/// The body of a stream of events.
pub(super) struct EventsBody(pub(super) mpsc::Receiver<Bytes>);

impl Body for EventsBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0.poll_recv(context).map(|frame| frame.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_event_is_read_back() {
        for id in [EventId { attempt: 0, count: 7 }, EventId { attempt: 2, count: 1 }] {
            let mut frame = Vec::new();
            id.write(&mut frame);
            let text = String::from_utf8(frame).unwrap();
            let text = text.strip_prefix("id: ").unwrap().trim_end();
            assert_eq!(EventId::parse(text), Some(id));
        }
        for text in ["", "a", "-1", "1.", ".1", "1.2.3"] {
            assert_eq!(EventId::parse(text), None, "{text}");
        }
    }
}
