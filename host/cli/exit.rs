//! How a command ends: its exit code, and the one message of a failure.

use std::fmt;
use std::process::ExitCode;

/// A documented exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything went as asked.
    Pass,
    /// The run failed: a session did not succeed, or a result could not be written.
    RunFailed,
    /// What was given is wrong: arguments, a bench, a component, a profile, words.
    Usage,
    /// A budget does not hold, or something became worse than the baseline.
    Regression,
    /// There is no baseline, or the measurements do not say.
    NoAnswer,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Pass => 0,
            Exit::RunFailed => 1,
            Exit::Usage => 2,
            Exit::Regression => 3,
            Exit::NoAnswer => 4,
        })
    }
}

/// Why a command cannot go on.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The code it ends with.
    pub(crate) exit: Exit,
    /// What is wrong, where, and what to do.
    pub(crate) message: String,
}

impl Failure {
    /// Something given is wrong.
    pub(crate) fn usage(message: impl fmt::Display) -> Failure {
        Failure { exit: Exit::Usage, message: message.to_string() }
    }

    /// The run, or the writing of its result, failed.
    pub(crate) fn run(message: impl fmt::Display) -> Failure {
        Failure { exit: Exit::RunFailed, message: message.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
