//! Why something gave no result: a kind, which a program can look at, and a text for a person.

use crate::contract::timeslip::agent::types;

/// Why a task, or a tool, gave up, in one sentence.
///
/// Every error turns into one, so `?` works on all of them. It is no `std::error::Error` itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    message: String,
}

impl Failure {
    /// A failure with this message.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into() }
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::new(error.to_string())
    }
}

impl From<Failure> for types::Failure {
    fn from(failure: Failure) -> types::Failure {
        types::Failure { message: failure.message }
    }
}

/// One of the contract's errors as a kind and a text.
macro_rules! contract_error {
    (
        $(#[$meta:meta])* $error:ident,
        $(#[$kind_meta:meta])* $kind:ident,
        $contract:path as $cases:ident,
        $before:literal,
        $($(#[$case_meta:meta])* $case:ident = $name:literal,)+
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $error {
            kind: $kind,
            text: String,
        }

        $(#[$kind_meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $kind {
            $($(#[$case_meta])* $case,)+
        }

        impl $error {
            /// An error of this kind.
            pub fn new(kind: $kind, text: impl Into<String>) -> $error {
                $error { kind, text: text.into() }
            }

            /// Which error it is.
            pub fn kind(&self) -> $kind {
                self.kind
            }

            /// The text alone, for a person or a model to read.
            pub fn text(&self) -> &str {
                &self.text
            }
        }

        impl $kind {
            /// The name in the contract.
            pub fn name(self) -> &'static str {
                match self {
                    $($kind::$case => $name,)+
                }
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::fmt::Display for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($before, "{}"), self.text)
            }
        }

        impl std::error::Error for $error {}

        impl From<$contract> for $error {
            fn from(error: $contract) -> $error {
                use $contract as $cases;
                match error {
                    $($cases::$case(text) => $error { kind: $kind::$case, text },)+
                }
            }
        }

        impl From<$error> for $contract {
            fn from(error: $error) -> $contract {
                use $contract as $cases;
                match error.kind {
                    $($kind::$case => $cases::$case(error.text),)+
                }
            }
        }
    };
}
pub(crate) use contract_error;

contract_error! {
    /// Why a chat gave no reply.
    ModelError,
    /// The kinds of [`ModelError`].
    ModelErrorKind,
    types::ModelError as Cases,
    "the model gave no reply: ",
    /// The session has no grant for this model. The text names the line to add to the bench.
    Refused = "refused",
    /// No machine of this run serves the model. The text lists those that are served.
    UnknownModel = "unknown-model",
    /// The prompt and the reply do not fit into the model's context.
    ContextTooLong = "context-too-long",
    /// The session's budget is used up.
    OverBudget = "over-budget",
    /// The request breaks a rule of the contract.
    InvalidRequest = "invalid-request",
    /// The machine failed or is overloaded. Trying again later may help.
    Unavailable = "unavailable",
}

contract_error! {
    /// Why a tool call gave no output. A plugin returns one where [`Failure`], which becomes
    /// `failed`, does not say enough.
    ToolError,
    /// The kinds of [`ToolError`].
    ToolErrorKind,
    types::ToolError as Cases,
    "the tool gave no output: ",
    /// No tool of the session has this name. The text lists the nearest.
    UnknownTool = "unknown-tool",
    /// The session has no grant for it. The text names the line to add to the bench.
    Refused = "refused",
    /// The tool does not accept the arguments.
    InvalidArguments = "invalid-arguments",
    /// The tool tried and failed.
    Failed = "failed",
    /// The plugin broke one of the host's rules, such as its own output schema.
    InvalidOutput = "invalid-output",
    /// The plugin crashed, or used up its fuel or memory. Its state in this session is lost.
    Crashed = "crashed",
    /// The session's budget is used up.
    OverBudget = "over-budget",
}

contract_error! {
    /// Why a question to the user gave no answer.
    UserError,
    /// The kinds of [`UserError`].
    UserErrorKind,
    types::UserError as Cases,
    "the user gave no answer: ",
    /// Nobody is there: the bench gives no user's words.
    Nobody = "nobody",
    /// The user has left the conversation.
    Gone = "gone",
}

impl ToolError {
    /// The tool does not accept its arguments, and this says why.
    pub fn invalid_arguments(text: impl Into<String>) -> ToolError {
        ToolError::new(ToolErrorKind::InvalidArguments, text)
    }

    /// The tool tried and failed, and this says why.
    pub fn failed(text: impl Into<String>) -> ToolError {
        ToolError::new(ToolErrorKind::Failed, text)
    }
}

impl From<Failure> for ToolError {
    fn from(failure: Failure) -> ToolError {
        ToolError::failed(failure.message)
    }
}

impl From<String> for ToolError {
    fn from(text: String) -> ToolError {
        ToolError::failed(text)
    }
}

impl From<&str> for ToolError {
    fn from(text: &str) -> ToolError {
        ToolError::failed(text)
    }
}
