//! Why the marketplace does not do what it was asked.

use std::fmt;

/// Why the marketplace does not do what it was asked. The text says what happened and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarketError {
    /// What was given or found is wrong, or is not allowed.
    #[error("{0}")]
    Refused(String),
    /// There is no such plugin, version or file.
    #[error("{0}")]
    NotFound(String),
    /// A disk or a registry failed.
    #[error("{0}")]
    Failed(String),
}

impl MarketError {
    /// What was given or found is wrong, or is not allowed.
    pub fn refused(problem: impl fmt::Display) -> MarketError {
        MarketError::Refused(problem.to_string())
    }

    /// There is no such plugin, version or file.
    pub fn not_found(problem: impl fmt::Display) -> MarketError {
        MarketError::NotFound(problem.to_string())
    }

    /// A disk or a registry failed.
    pub fn failed(problem: impl fmt::Display) -> MarketError {
        MarketError::Failed(problem.to_string())
    }

    /// The same, said of something: a file, a plugin, a registry.
    #[must_use]
    pub fn of(self, what: impl fmt::Display) -> MarketError {
        match self {
            MarketError::Refused(problem) => MarketError::Refused(format!("{what}: {problem}")),
            MarketError::NotFound(problem) => MarketError::NotFound(format!("{what}: {problem}")),
            MarketError::Failed(problem) => MarketError::Failed(format!("{what}: {problem}")),
        }
    }
}

/// What the marketplace gives, or why not.
pub type Result<T> = std::result::Result<T, MarketError>;
