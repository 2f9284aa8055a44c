//! What makes a component of a program.

use crate::contract::timeslip::agent::types;
use crate::contract::timeslip::agent::types::{LogLevel, Outcome, Task};
use crate::error::Failure;

/// An agent: does a task.
pub trait Agent {
    /// Does one task and gives the answer. Every session has an instance of its own, which is asked
    /// once.
    ///
    /// # Errors
    /// A failure is the session's outcome.
    fn run(task: Task) -> impl Future<Output = Result<String, Failure>>;
}

/// Makes the component of an agent: `export_agent!(MyAgent);`, once, where the type is in scope.
#[macro_export]
macro_rules! export_agent {
    ($agent:ty) => {
        const _: () = {
            struct Exported;

            impl $crate::contract::agent_world::Guest for Exported {
                async fn run(
                    task: $crate::Task,
                ) -> ::core::result::Result<
                    $crate::contract::timeslip::agent::types::Outcome,
                    $crate::contract::timeslip::agent::types::Failure,
                > {
                    $crate::run_agent::<$agent>(task).await
                }
            }

            $crate::contract::agent_world::export_agent_world!(
                Exported with_types_in $crate::contract::agent_world
            );
        };
    };
}

/// Makes the component of a tool plugin: `export_tools![add, greet];`, once, with the functions that
/// `#[tool]` marks, in the order in which they are offered.
#[macro_export]
macro_rules! export_tools {
    ($($tool:path),+ $(,)?) => {
        const _: () = {
            struct Exported;

            impl $crate::contract::tool_world::exports::timeslip::tool::plugin::Guest for Exported {
                fn definitions() -> ::std::vec::Vec<$crate::ToolDefinition> {
                    $crate::log_panics();
                    ::std::vec![$(<$tool as $crate::plugin::Tool>::definition()),+]
                }

                async fn call(
                    name: ::std::string::String,
                    arguments: ::std::string::String,
                ) -> ::core::result::Result<
                    ::std::string::String,
                    $crate::contract::timeslip::agent::types::ToolError,
                > {
                    $crate::log_panics();
                    $(if name == <$tool as $crate::plugin::Tool>::NAME {
                        let output = <$tool as $crate::plugin::Tool>::call(&arguments).await;
                        return ::core::result::Result::Ok(output?);
                    })+
                    let names = [$(<$tool as $crate::plugin::Tool>::NAME),+];
                    ::core::result::Result::Err($crate::plugin::unknown_tool(&name, &names).into())
                }
            }

            $crate::contract::tool_world::export_tool_world!(
                Exported with_types_in $crate::contract::tool_world
            );
        };
    };
}

/// Runs an agent for the contract.
#[doc(hidden)]
pub async fn run_agent<A: Agent>(task: Task) -> Result<Outcome, types::Failure> {
    log_panics();
    match A::run(task).await {
        Ok(answer) => Ok(Outcome { answer }),
        Err(failure) => Err(failure.into()),
    }
}

/// Writes a panic's message and place into the journal, since the trap that follows says neither.
#[doc(hidden)]
pub fn log_panics() {
    // In a test a panic is the test runner's.
    if cfg!(target_family = "wasm") {
        std::panic::set_hook(Box::new(|panic| crate::log(LogLevel::Error, panic.to_string())));
    }
}
