//! The tools that search for flights.

use crate::fault::Fault;
use crate::flights::{Flight, Timetable};
use crate::json::{Object, Value, json};
use crate::state::State;

pub(crate) fn search_direct_flight(state: &mut State, arguments: &Object) -> Result<String, Fault> {
    let origin = arguments.get("origin")?.as_text();
    let destination = arguments.get("destination")?.as_text();
    let date = arguments.get("date")?.key()?;
    let timetable = state.flights.timetable()?;
    let mut found = Vec::new();
    for flight in timetable.flights() {
        let here = Some(flight.text("origin")?) == origin;
        if !here || Some(flight.text("destination")?) != destination {
            continue;
        }
        if let Some(day) = available_day(timetable, flight, date)? {
            found.push(Value::Object(with_day(flight, &day)));
        }
    }
    Ok(json(&Value::Array(found)))
}

pub(crate) fn search_onestop_flight(
    state: &mut State,
    arguments: &Object,
) -> Result<String, Fault> {
    let origin = arguments.get("origin")?.as_text();
    let destination = arguments.get("destination")?.as_text();
    let date = arguments.get("date")?.key()?;
    let timetable = state.flights.timetable()?;
    let mut found = Vec::new();
    for first in timetable.flights() {
        if Some(first.text("origin")?) != origin {
            continue;
        }
        let stop = first.text("destination")?;
        for second in timetable.flights() {
            if Some(second.text("destination")?) == destination
                && second.text("origin")? == stop
                && let Some(pair) = connection(timetable, first, second, date)?
            {
                found.push(pair);
            }
        }
    }
    Ok(json(&Value::Array(found)))
}

/// Two flights of which the second can be taken behind the first.
fn connection(
    timetable: &Timetable,
    first: &Flight,
    second: &Flight,
    date: Option<&str>,
) -> Result<Option<Value>, Fault> {
    let arrival = first.text("scheduled_arrival_time_est")?;
    let second_date =
        if arrival.contains("+1") { Some(day_after(date)?) } else { date.map(str::to_owned) };
    if arrival > second.text("scheduled_departure_time_est")? {
        return Ok(None);
    }
    let Some(day) = available_day(timetable, first, date)? else {
        return Ok(None);
    };
    if available_day(timetable, second, second_date.as_deref())?.is_none() {
        return Ok(None);
    }
    // The recorded tool shows the second flight's day of the first date, whatever its status.
    let second_day = timetable.day(second, date.unwrap_or_default())?;
    let second_day = second_day.ok_or_else(|| crate::json::key_error(date.unwrap_or_default()))?;
    let mut legs = [with_day(first, &day), with_day(second, &second_day)];
    legs[0].set("date", date.unwrap_or_default().into());
    legs[1].set("date", second_date.unwrap_or_default().as_str().into());
    Ok(Some(Value::Array(legs.map(Value::Object).to_vec())))
}

/// The day behind a date in May 2024, without a zero in front of it, as the recorded tool has it.
fn day_after(date: Option<&str>) -> Result<String, Fault> {
    let date = date.ok_or("the date is not a string")?;
    let start = date.char_indices().rev().nth(1).map_or(0, |(start, _)| start);
    let digits = &date[start..];
    let day: i64 = digits.trim().parse().map_err(|_| {
        format!("invalid literal for int() with base 10: {}", crate::json::key_error(digits))
    })?;
    Ok(format!("2024-05-{}", day + 1))
}

/// The record of a flight's day on which it can be booked.
fn available_day(
    timetable: &Timetable,
    flight: &Flight,
    date: Option<&str>,
) -> Result<Option<Object>, Fault> {
    let Some(date) = date else { return Ok(None) };
    let Some(day) = timetable.day(flight, date)? else {
        return Ok(None);
    };
    let available = day.get("status")?.as_text() == Some("available");
    Ok(available.then_some(day))
}

/// A flight with the members of one of its days.
fn with_day(flight: &Flight, day: &Object) -> Object {
    let mut members = flight.members.clone();
    for (key, value) in &day.0 {
        members.set(key, value.clone());
    }
    members
}
