//! The tools that change a reservation.

use super::pay::{charge, method_for_change, payment};
use super::segments::{array_of, objects, price_segment};
use super::shown;
use crate::fault::Fault;
use crate::flights::Timetable;
use crate::json::{Number, Object, Value};
use crate::state::State;
use crate::table::Table;

/// What one bag costs that is not free.
const BAG_PRICE: usize = 50;

pub(crate) fn cancel_reservation(state: &mut State, arguments: &Object) -> Result<String, Fault> {
    let reservation = reservation(&mut state.reservations, arguments)?;
    let history = reservation.get_mut("payment_history")?.array_mut()?;
    let mut refunds = Vec::new();
    for paid in history.iter() {
        let paid = paid.object()?;
        let amount = paid.get("amount")?.number()?.negated();
        refunds.push(payment(paid.get("payment_id")?, amount));
    }
    history.extend(refunds);
    reservation.set("status", "cancelled".into());
    Ok(shown(reservation))
}

pub(crate) fn update_reservation_baggages(
    state: &mut State,
    arguments: &Object,
) -> Result<String, Fault> {
    let reservation = reservation(&mut state.reservations, arguments)?;
    let nonfree = arguments.get("nonfree_baggages")?;
    let more = nonfree.number()?.minus(reservation.get("nonfree_baggages")?.number()?)?;
    let zero = Number::from(0);
    let price = if more > zero { more.times(&Number::from(BAG_PRICE))? } else { zero };
    let payment_id = arguments.get("payment_id")?;
    let method = method_for_change(&mut state.users, reservation, payment_id, &price)?;
    charge(method, &price)?;
    reservation.set("total_baggages", arguments.get("total_baggages")?.clone());
    reservation.set("nonfree_baggages", nonfree.clone());
    note_payment(reservation, payment_id, price)?;
    Ok(shown(reservation))
}

pub(crate) fn update_reservation_flights(
    state: &mut State,
    arguments: &Object,
) -> Result<String, Fault> {
    let reservation = reservation(&mut state.reservations, arguments)?;
    let timetable = state.flights.timetable()?;
    let mut segments = objects(arguments.get("flights")?)?;
    let cabin = arguments.get("cabin")?;
    let mut total = Number::from(0);
    for segment in &mut segments {
        total = total.plus(&price_change(timetable, reservation, segment, cabin)?)?;
    }
    let travellers = Number::from(reservation.get("passengers")?.array()?.len());
    total = total.minus(&price_of_present(reservation)?.times(&travellers)?)?;
    let payment_id = arguments.get("payment_id")?;
    let method = method_for_change(&mut state.users, reservation, payment_id, &total)?;
    charge(method, &total)?;
    reservation.set("flights", array_of(segments));
    note_payment(reservation, payment_id, total)?;
    Ok(shown(reservation))
}

pub(crate) fn update_reservation_passengers(
    state: &mut State,
    arguments: &Object,
) -> Result<String, Fault> {
    let reservation = reservation(&mut state.reservations, arguments)?;
    let passengers = arguments.get("passengers")?;
    if passengers.array()?.len() != reservation.get("passengers")?.array()?.len() {
        return Err("number of passengers does not match".into());
    }
    reservation.set("passengers", passengers.clone());
    Ok(shown(reservation))
}

/// The reservation that the argument `reservation_id` names.
fn reservation<'s>(
    reservations: &'s mut Table,
    arguments: &Object,
) -> Result<&'s mut Object, Fault> {
    let id = arguments.get("reservation_id")?.key()?;
    let reservation = reservations.find_optional(id)?;
    reservation.ok_or_else(|| "reservation not found".into())
}

/// The price of a segment for all travellers: as it was for one that the reservation has in the
/// same cabin, else that of the day.
fn price_change(
    timetable: &Timetable,
    reservation: &Object,
    segment: &mut Object,
    cabin: &Value,
) -> Result<Number, Fault> {
    let travellers = reservation.get("passengers")?.array()?.len();
    let Some(present) = present_segment(reservation, segment, cabin)? else {
        return price_segment(timetable, segment, cabin, travellers);
    };
    for key in ["price", "origin", "destination"] {
        segment.set(key, present.get(key)?.clone());
    }
    Ok(present.get("price")?.number()?.times(&Number::from(travellers))?)
}

/// The reservation's segment that is flown on the same flight and day in the same cabin.
fn present_segment<'r>(
    reservation: &'r Object,
    segment: &Object,
    cabin: &Value,
) -> Result<Option<&'r Object>, Fault> {
    if reservation.get("cabin")? != cabin {
        return Ok(None);
    }
    for present in reservation.get("flights")?.array()? {
        let present = present.object()?;
        if present.get("flight_number")? == segment.get("flight_number")?
            && present.get("date")? == segment.get("date")?
        {
            return Ok(Some(present));
        }
    }
    Ok(None)
}

/// What one traveller paid for the reservation's present segments.
fn price_of_present(reservation: &Object) -> Result<Number, Fault> {
    let mut sum = Number::from(0);
    for segment in reservation.get("flights")?.array()? {
        sum = sum.plus(segment.object()?.get("price")?.number()?)?;
    }
    Ok(sum)
}

fn note_payment(reservation: &mut Object, payment_id: &Value, amount: Number) -> Result<(), Fault> {
    if !amount.is_zero() {
        let history = reservation.get_mut("payment_history")?.array_mut()?;
        history.push(payment(payment_id, amount));
    }
    Ok(())
}
