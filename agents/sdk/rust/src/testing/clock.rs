//! The time of a test's session: it stands still while anything can go on, and then jumps to the
//! next instant at which something can.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use super::state;

thread_local! {
    /// What waits, with the instant at which it goes on.
    static WAITING: RefCell<Vec<(u64, Waker)>> = const { RefCell::new(Vec::new()) };
}

/// Runs a future to its end.
pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            WAITING.take();
            return output;
        }
        let waiting = WAITING.take();
        let next = waiting.iter().map(|(due_ns, _)| *due_ns).min();
        let next = next.expect("the future waits for something that is not the session's");
        state::with(|state| state.now_ns = next);
        let (due, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(due_ns, _)| *due_ns <= next);
        WAITING.set(later);
        due.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

/// Waits so many nanoseconds.
pub(super) fn wait(nanoseconds: u64) -> Wait {
    Wait { due_ns: state::with(|state| state.now_ns.saturating_add(nanoseconds)) }
}

/// A wait until an instant.
pub(super) struct Wait {
    due_ns: u64,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if state::with(|state| state.now_ns) >= self.due_ns {
            return Poll::Ready(());
        }
        let waiting = (self.due_ns, context.waker().clone());
        WAITING.with_borrow_mut(|all| all.push(waiting));
        Poll::Pending
    }
}
