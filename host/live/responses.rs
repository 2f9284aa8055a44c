//! OpenAI's Responses API: `POST {base}/responses`.

pub(crate) mod body;
pub(crate) mod reply;

mod items;

#[cfg(test)]
mod body_tests;
#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod reply_tests;
