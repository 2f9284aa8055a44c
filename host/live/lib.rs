//! A client of real servers that speak OpenAI's chat completions.

pub mod body;

#[cfg(test)]
mod body_tests;
