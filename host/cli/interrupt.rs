//! Ctrl-C: what is under way ends in order, and what was half made is removed.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::exit::Failure;

/// How often a server that waits for its end looks for it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static WATCHED: Once = Once::new();

/// From here on an interruption is noted, and ends nothing by itself; a second one ends the program
/// at once.
pub(crate) fn watch() {
    WATCHED.call_once(|| {
        let noted = ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::SeqCst) {
                std::process::exit(1);
            }
        });
        if let Err(error) = noted {
            // An interruption then ends the program as it ends any other.
            tracing::warn!(%error, "interruptions are not watched");
        }
    });
}

/// Whether there was an interruption.
pub(crate) fn happened() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Waits for an interruption: what a server does whose threads answer.
pub(crate) fn wait() {
    while !happened() {
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Goes on unless there was an interruption.
///
/// # Errors
/// When there was one.
pub(crate) fn check() -> Result<(), Failure> {
    match happened() {
        true => Err(Failure::run("interrupted; nothing was left half-made")),
        false => Ok(()),
    }
}
