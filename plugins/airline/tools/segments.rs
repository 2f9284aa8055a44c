//! Checks and prices the segments that are to be flown.

use super::member;
use crate::fault::Fault;
use crate::flights::Timetable;
use crate::json::{Number, Object, Value, plain};

/// Checks that a segment can be booked in a cabin for so many travellers, and sets its `price`,
/// `origin` and `destination`. Gives the price of all travellers together.
///
/// # Errors
/// The first check that fails.
pub(super) fn price_segment(
    timetable: &Timetable,
    segment: &mut Object,
    cabin: &Value,
    travellers: usize,
) -> Result<Number, Fault> {
    let number = segment.get("flight_number")?;
    let shown = plain(number);
    let flight = number.key()?.and_then(|number| timetable.find(number));
    let flight = flight.ok_or_else(|| format!("flight {shown} not found"))?;
    let date = segment.get("date")?;
    let day = match date.key()? {
        Some(date) => timetable.day(flight, date)?,
        None => None,
    };
    let date = plain(date);
    let day = day.ok_or_else(|| format!("flight {shown} not found on date {date}"))?;
    if day.get("status")?.as_text() != Some("available") {
        return Err(format!("flight {shown} not available on date {date}").into());
    }
    let seats = member(day.get("available_seats")?.object()?, cabin)?.number()?;
    if *seats < Number::from(travellers) {
        return Err(format!("not enough seats on flight {shown}").into());
    }
    let price = member(day.get("prices")?.object()?, cabin)?.clone();
    let total = price.number()?.times(&Number::from(travellers))?;
    segment.set("price", price);
    segment.set("origin", flight.members.get("origin")?.clone());
    segment.set("destination", flight.members.get("destination")?.clone());
    Ok(total)
}

/// The elements of an array of objects, copied.
pub(super) fn objects(array: &Value) -> Result<Vec<Object>, Fault> {
    let objects = array.array()?.iter().map(|item| item.object().cloned());
    Ok(objects.collect::<Result<_, _>>()?)
}

/// An array of these objects.
pub(super) fn array_of(objects: Vec<Object>) -> Value {
    Value::Array(objects.into_iter().map(Value::Object).collect())
}
