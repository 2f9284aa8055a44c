//! A client of real servers that speak OpenAI's chat completions.

pub mod body;
pub mod sse;

#[cfg(test)]
mod body_tests;
