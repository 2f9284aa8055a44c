//! Writing agents and tool plugins: `new`, `build` and `dev`.

pub(crate) mod args;
pub(crate) mod build;
pub(crate) mod dev;
pub(crate) mod new;

mod command;
mod embedded;
mod encode;
mod make;
mod name;
mod next_steps;
mod part_folder;
mod recipe;
mod setup;
mod tools;
mod watch;
mod wit;
