//! Tells whoever does a call or a task that nobody waits for it any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Whether a call or a task is to be stopped. Clones are of the same one.
#[derive(Clone, Default)]
pub struct Stop {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    is_set: AtomicBool,
    wake: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stop").field("is_set", &self.is_set()).finish()
    }
}

impl Stop {
    /// Whether it is.
    pub fn is_set(&self) -> bool {
        self.shared.is_set.load(Ordering::SeqCst)
    }

    /// Stops it, and wakes who waits for something else.
    pub fn set(&self) {
        self.shared.is_set.store(true, Ordering::SeqCst);
        if let Some(wake) = self.lock().take() {
            wake();
        }
    }

    /// What wakes the one who does it; at once, where it is to be stopped already.
    pub fn on_set(&self, wake: impl FnOnce() + Send + 'static) {
        *self.lock() = Some(Box::new(wake));
        if self.is_set()
            && let Some(wake) = self.lock().take()
        {
            wake();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Box<dyn FnOnce() + Send>>> {
        self.shared.wake.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn who_does_the_call_is_woken_once_whenever_it_is_stopped() {
        for stops_first in [true, false] {
            let (stop, woken) = (Stop::default(), Arc::new(AtomicU32::new(0)));
            let count = woken.clone();
            let listen = || {
                stop.on_set(move || {
                    count.fetch_add(1, Ordering::SeqCst);
                })
            };
            if stops_first {
                stop.set();
                listen();
            } else {
                listen();
                assert!(!stop.is_set());
                stop.set();
            }
            stop.set();
            assert!(stop.is_set());
            assert_eq!(woken.load(Ordering::SeqCst), 1);
        }
    }
}
