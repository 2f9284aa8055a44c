//! Runs on real servers, and recordings of them.

pub(crate) mod args;
pub(crate) mod endpoints;
#[cfg(feature = "local")]
pub(crate) mod local;
pub(crate) mod record;
pub(crate) mod recorder;

pub(crate) use endpoints::EndpointPlan;
