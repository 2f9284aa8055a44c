//! What a component asks of its host: the contract, and on any other target the session of a test.

#[cfg(target_family = "wasm")]
pub(crate) use crate::contract::timeslip::{
    agent::{model, session, tools, user},
    tool::{files, http},
};
#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::testing::host::{files, http, model, session, tools, user};
