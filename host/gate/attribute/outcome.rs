//! What became of a step or a session, in a word.

use super::waits::is_given_up;
use crate::slip::{Session, SessionStatus};
use crate::step::Step;

/// One word for what a step brought.
pub(super) fn outcome(step: &Step) -> String {
    match step.error() {
        None => ANSWERED.to_owned(),
        Some(_) if is_given_up(step) => GIVEN_UP.to_owned(),
        Some(error) => error.split(':').next().unwrap_or(error).to_owned(),
    }
}

/// One word for how a session ended.
pub(super) fn outcome_of(session: &Session) -> String {
    match (&session.error, session.status) {
        (Some(error), _) => error.kind.clone(),
        (None, SessionStatus::Ok) => ANSWERED.to_owned(),
        (None, SessionStatus::Failed) => "failed".to_owned(),
    }
}

/// The outcome of what went well.
pub(super) const ANSWERED: &str = "an answer";

/// The outcome of what nobody waited for any more.
pub(super) const GIVEN_UP: &str = "being given up";
