//! Why a server cannot be used as a tool.

/// Why a server cannot be used as a tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// Its program cannot be started.
    #[error("cannot start `{program}`: {reason}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        reason: String,
    },
    /// An environment variable that is to be passed on is not there.
    #[error("the environment variable {name} is not set; set it, or take it out of `environment`")]
    Environment {
        /// Its name.
        name: String,
    },
    /// Its key is not there.
    #[error("no key in the environment variable {name}: {reason}")]
    Key {
        /// The variable.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It does not speak the protocol, or not in time.
    #[error("it does not answer as an MCP server: {reason}{said}")]
    Protocol {
        /// What happened.
        reason: String,
        /// What it wrote to its standard error last, if anything.
        said: String,
    },
    /// What it offers cannot be used.
    #[error("{reason}")]
    Tools {
        /// Why.
        reason: String,
    },
}
