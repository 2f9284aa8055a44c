//! The marketplace: agents and tool plugins as components in any OCI registry, or in a folder.
//!
//! Start with [`component::PackedComponent`] (what is published), [`registry::Registry`] (where it
//! is), [`catalogue`] (what there is), [`lock::Lock`] (what a project uses), [`install`] (how it
//! gets there) and [`site`] (what there is, for a browser).
//!
//! Architecture invariants: the crate runs nothing and prints nothing; what comes from a registry is
//! held against its digest and its size before anything else is done with it; no name that comes from
//! outside becomes a path unless it is a [`name::PluginName`] or a digest; nothing is granted here,
//! only asked for.

pub mod badge;
pub mod catalogue;
pub mod component;
pub mod digest;
pub mod error;
pub mod install;
pub mod instant;
pub mod keys;
pub mod likeness;
pub mod lock;
pub mod name;
pub mod oci;
pub mod permissions;
pub mod publish;
pub mod registry;
pub mod site;
pub mod statements;
pub mod store;
pub mod suite;
pub mod trust;
pub mod tuf;

mod files;
mod steps;

// The samples of sites are of the tests and of an example alike.
#[cfg(test)]
extern crate self as timeslip_market;

#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod children;
#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod loopback;
#[cfg(test)]
mod signature_tests;
#[cfg(test)]
mod wire_tests;
