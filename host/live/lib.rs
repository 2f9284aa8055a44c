//! A client of real servers that speak OpenAI's chat completions or its Responses API.
//!
//! Start with [`settings`] (what a user says of a server), [`client`] (a call, from its place to
//! its reply) and [`reply`] (what comes back, and when). [`body`] writes a request, `exchange`
//! sends it and takes the times; [`sse`], [`wire`] and [`written`] make a reply of the bytes. What
//! differs from one API to the other stands in `chat_completions` and `responses`.
//! [`attempt`] says when to try again, and [`error`] what went wrong and what to do about it.
//! [`fetcher`] asks for what tools fetch. [`endpoint`] makes a machine of the loop of a client, [`pace`] holds the run's clock to the
//! computer's while servers are asked, and [`purse`] holds what they may cost.
//!
//! # Architecture invariants
//!
//! This crate knows the loop's records alone: no modelled machine, no component, no file format of
//! ours. It reads the wall clock, since a real server answers in real time; every time that it
//! tells is measured where it runs, the network included. Nothing is sent but what a call asks: no
//! redirect is followed, and no retry is hidden. A key leaves [`key`] in one header only; it prints
//! as `<redacted>` and is taken out of every text of a server. Whatever a server sends, a call ends
//! within its timeouts and holds no more than its limits. What a server does not say is unknown,
//! never 0.

pub mod attempt;
pub mod body;
pub mod client;
pub mod endpoint;
pub mod error;
pub mod fetcher;
pub mod key;
pub mod pace;
pub mod purse;
pub mod reply;
pub mod settings;
pub mod sse;
pub mod wire;
pub mod written;

mod calls;
mod chat_completions;
mod connection;
mod exchange;
mod fetch;
mod fetches;
mod models;
mod responses;
mod surrogates;

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod endpoint_tests;
#[cfg(test)]
mod failure_tests;
#[cfg(test)]
mod fetcher_tests;
#[cfg(test)]
mod loopback;
#[cfg(test)]
mod tls_tests;
#[cfg(test)]
mod written_tests;

pub use body::Delivery;
pub use client::{Account, Client, Progress};
pub use endpoint::{CountText, Endpoint, EndpointOptions, LiveRun, StopWaiting};
pub use error::{FailedCall, LiveError, SetupError};
pub use fetcher::{Asker, LiveFetcher};
pub use key::{ApiKey, KeySource};
pub use reply::LiveReply;
pub use settings::{Api, Settings};
