//! Where a reply's progress stands, between the keeper, who writes it, and a connection, which
//! reads it.
//!
//! A slot holds how many tokens are out, never the tokens, so a client that reads slowly costs no
//! memory: what it has not read yet is written when it can take it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use timeslip_timeline::backend::Served;
use timeslip_timeline::conversation::ModelError;

/// How a call ended in its machine.
#[derive(Clone, Debug)]
pub(crate) enum CallEnd {
    /// The reply is complete.
    Served(Box<Served>),
    /// The machine cannot serve it.
    Failed(CallFailure),
}

/// Why a machine did not serve a call.
#[derive(Clone, Debug)]
pub(crate) struct CallFailure {
    /// Why.
    pub(crate) error: ModelError,
    /// Whether it was turned away at once, because too many waited.
    pub(crate) was_rejected: bool,
    /// Whole seconds of wall time after which another try is worth it.
    pub(crate) retry_after_seconds: u64,
}

/// Where a reply's progress stands.
#[derive(Debug, Default)]
pub(crate) struct ReplySlot {
    state: Mutex<SlotState>,
}

#[derive(Debug, Default)]
struct SlotState {
    tokens: u64,
    end: Option<CallEnd>,
    waker: Option<Waker>,
}

impl ReplySlot {
    fn state(&self) -> MutexGuard<'_, SlotState> {
        self.state.lock().expect("nothing panics while it holds a slot")
    }

    /// So many tokens are out.
    pub(crate) fn progress(&self, tokens: u64) {
        let mut state = self.state();
        state.tokens = tokens;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The call is over.
    pub(crate) fn end(&self, end: CallEnd) {
        let mut state = self.state();
        state.end = Some(end);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The tokens that are out, if they are more than `seen`, and how the call ended, if it has.
    pub(crate) fn poll_beyond(
        &self,
        seen: u64,
        context: &mut Context<'_>,
    ) -> Poll<(u64, Option<CallEnd>)> {
        let mut state = self.state();
        if state.tokens > seen || state.end.is_some() {
            return Poll::Ready((state.tokens, state.end.clone()));
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

/// Waits until a call has begun to answer: its first token, or its end.
pub(crate) struct FirstSign(pub(crate) Arc<ReplySlot>);

impl Future for FirstSign {
    type Output = Option<CallEnd>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<CallEnd>> {
        self.0.poll_beyond(0, context).map(|(_, end)| end)
    }
}

/// Waits until a call is over.
pub(crate) struct End(pub(crate) Arc<ReplySlot>);

impl Future for End {
    type Output = CallEnd;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<CallEnd> {
        match self.0.poll_beyond(u64::MAX, context) {
            Poll::Ready((_, Some(end))) => Poll::Ready(end),
            _ => Poll::Pending,
        }
    }
}
