//! JSON as the airline's tools need it: members in order, integers of any size, and the exact
//! encoding of the recorded outputs.
//!
//! It is a reader and writer of its own because no general one keeps both the order of members and
//! the difference between `255` and `255.0` for numbers of any size.

mod bracket;
mod number;
mod parse;
mod scan;
mod value;
mod write;

pub(crate) use number::{Number, Pair};
pub(crate) use parse::parse;
pub(crate) use scan::Scanner;
pub(crate) use value::{Object, Value, key_error};
pub(crate) use write::{json, plain};
