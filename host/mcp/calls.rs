//! The calls of one session: one after the other, on threads that may wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::model::{ErrorData, ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext, RoleServer};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};

use crate::server::{Done, SESSIONS_AT_WORK_MAX, Shared, StepNote, ToolCall, ToolSession, Watch};
use crate::stop::{Stop, StopOnDrop};

/// The most calls of one session that wait or are done.
pub(crate) const CALLS_MAX: usize = 256;

/// Notes of steps that wait to be sent; of more than a client takes, some are left out.
const NOTES_MAX: usize = 64;

/// The calls of one session.
#[derive(Default)]
pub(crate) struct Calls {
    session: Arc<Mutex<Option<Session>>>,
    under_way: Arc<AtomicUsize>,
}

/// A session that has made a call, and is counted as long as it is there.
struct Session {
    does: Box<dyn ToolSession>,
    shared: Arc<Shared>,
}

impl Session {
    fn begin(shared: &Arc<Shared>) -> Result<Session, ErrorData> {
        let before = shared.at_work.fetch_add(1, Ordering::SeqCst);
        if before >= SESSIONS_AT_WORK_MAX {
            shared.at_work.fetch_sub(1, Ordering::SeqCst);
            return Err(busy(format!(
                "{SESSIONS_AT_WORK_MAX} sessions are at work, which is the most at once; try again \
                 when one of them has ended"
            )));
        }
        Ok(Session { does: shared.tools.begin(), shared: shared.clone() })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.at_work.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One call that is counted as long as it is there.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Calls {
    /// Does a call when those before it are over.
    ///
    /// # Errors
    /// When there are too many, or the client has cancelled it.
    pub(crate) async fn run(
        &self,
        shared: &Arc<Shared>,
        call: ToolCall,
        context: RequestContext<RoleServer>,
    ) -> Result<Done, ErrorData> {
        let counted = Counted(self.under_way.clone());
        if self.under_way.fetch_add(1, Ordering::SeqCst) >= CALLS_MAX {
            return Err(busy(format!(
                "{CALLS_MAX} calls of this session wait already, which is the most at once"
            )));
        }
        let cancelled = || ErrorData::invalid_request("the call was cancelled", None);
        let session = tokio::select! {
            biased;
            () = context.ct.cancelled() => return Err(cancelled()),
            session = self.session.clone().lock_owned() => session,
        };
        let stop = Stop::default();
        let _stopped_at_the_end = StopOnDrop(stop.clone());
        let (notes, mut noted) = mpsc::channel(NOTES_MAX);
        let watch =
            Watch { stop: stop.clone(), on_step: Box::new(move |note| drop(notes.try_send(note))) };
        let begun = shared.clone();
        // The count goes along: a call that was cancelled counts until it is over.
        let work = move || work(session, &begun, &call, &watch, counted);
        let mut work = tokio::task::spawn_blocking(work);
        let progress = Progress { token: context.meta.get_progress_token(), peer: &context.peer };
        loop {
            tokio::select! {
                biased;
                () = context.ct.cancelled() => return Err(cancelled()),
                Some(note) = noted.recv() => progress.tell(note).await,
                done = &mut work => {
                    while let Ok(note) = noted.try_recv() {
                        progress.tell(note).await;
                    }
                    return done.unwrap_or_else(|_| {
                        Err(ErrorData::internal_error("timeslip itself failed in this call", None))
                    });
                }
            }
        }
    }
}

fn work(
    mut session: OwnedMutexGuard<Option<Session>>,
    shared: &Arc<Shared>,
    call: &ToolCall,
    watch: &Watch,
    _counted: Counted,
) -> Result<Done, ErrorData> {
    // Taken out meanwhile, so that a session whose call panics is not gone on with.
    let mut begun = match session.take() {
        Some(begun) => begun,
        None => Session::begin(shared)?,
    };
    let done = begun.does.call(call, watch);
    *session = Some(begun);
    Ok(done)
}

/// Tells a client of steps, if it asked for that.
struct Progress<'p> {
    token: Option<ProgressToken>,
    peer: &'p Peer<RoleServer>,
}

impl Progress<'_> {
    async fn tell(&self, note: StepNote) {
        let Some(token) = self.token.clone() else {
            return;
        };
        let told = ProgressNotificationParam::new(token, note.count as f64).with_message(note.text);
        // A client that is gone is told nothing.
        let _ = self.peer.notify_progress(told).await;
    }
}

fn busy(message: String) -> ErrorData {
    ErrorData::internal_error(message, None)
}
