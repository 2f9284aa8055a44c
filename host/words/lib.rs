//! Words: what a modelled machine's model replies, and what the user says.
//!
//! Three makers of the `Words` trait: [`cassette`] plays recorded conversations back, [`script`]
//! follows rules, [`synthetic`] writes filler of drawn lengths. [`live`] leaves to real servers what
//! they say themselves. [`tokenizer`] says how many tokens all of them have, [`import`] turns
//! trajectories of other programs into cassettes, and [`redact`] takes secrets out of what is kept.
//!
//! Architecture invariants: nothing here reads or writes a file, a clock or the network; callers
//! hand in texts and take texts. What a session hears depends on its own past alone, never on how
//! many other sessions run beside it.

pub mod cassette;
pub mod count;
pub mod difference;
pub mod error;
pub mod import;
pub mod live;
pub mod redact;
pub mod script;
pub mod synthetic;
pub mod tokenizer;

mod digest;
mod spoken;
mod vocabulary;
