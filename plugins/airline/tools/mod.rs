//! The tools as functions over the data of a session, and how one is called.
//!
//! A function gets arguments whose names are checked and nothing else: every type and range is
//! what the model wrote. An error is what the model reads behind `Error: `; changes that were made
//! before it stay.

mod book;
mod look_up;
mod pay;
mod search;
mod segments;
mod update;

pub(crate) use book::book_reservation;
pub(crate) use look_up::{get_reservation_details, get_user_details, list_all_airports};
pub(crate) use pay::send_certificate;
pub(crate) use search::{search_direct_flight, search_onestop_flight};
pub(crate) use update::{
    cancel_reservation, update_reservation_baggages, update_reservation_flights,
    update_reservation_passengers,
};

use crate::arguments;
use crate::definitions;
use crate::fault::Fault;
use crate::json::{Object, Value, json, plain};
use crate::state::State;

/// A tool's function.
pub(crate) type Tool = fn(&mut State, &Object) -> Result<String, Fault>;

/// Calls a tool, and gives the output as the model reads it.
///
/// # Errors
/// Arguments that are no JSON object, and data that is not there. Whatever else goes wrong is an
/// output.
pub(crate) fn call(state: &mut State, name: &str, arguments: &str) -> Result<String, Fault> {
    let arguments = arguments::read(arguments)?;
    let Some(definition) = definitions::find(name) else {
        return Ok(format!("Unknown action {name}"));
    };
    let checked = arguments::check(definition, &arguments);
    match checked.and_then(|()| (definition.tool)(state, &arguments)) {
        Err(Fault::Told(text)) => Ok(format!("Error: {text}")),
        ended => ended,
    }
}

/// The member of a table that a value names; a value that is no text names none.
fn member<'t>(table: &'t Object, key: &Value) -> Result<&'t Value, Fault> {
    match key.key()? {
        Some(text) => Ok(table.get(text)?),
        None => Err(plain(key).into()),
    }
}

/// The JSON of an object.
fn shown(object: &Object) -> String {
    json(&Value::Object(object.clone()))
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
