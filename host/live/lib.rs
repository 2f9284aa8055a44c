//! A client of real servers that speak OpenAI's chat completions.

pub mod attempt;
pub mod body;
pub mod error;
pub mod key;
pub mod reply;
pub mod settings;
pub mod sse;
pub mod wire;
pub mod written;

#[cfg(test)]
mod body_tests;
#[cfg(test)]
mod written_tests;
