//! OpenAI's chat completions: `POST {base}/chat/completions`.

pub(crate) mod body;
pub(crate) mod reply;

#[cfg(test)]
pub(crate) mod body_tests;
#[cfg(test)]
mod reply_tests;
