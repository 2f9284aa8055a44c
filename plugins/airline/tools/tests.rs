//! What every tool refuses, and the effects that the recordings do not show.

mod booking;
mod payments;
mod reading;
mod replay;
mod updates;
