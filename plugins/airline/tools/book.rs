//! The tool that books a reservation.

use super::pay::charge;
use super::segments::{array_of, objects, price_segment};
use super::shown;
use crate::fault::Fault;
use crate::json::{Number, Object, Value, plain};
use crate::state::State;
use crate::table::Table;

/// The ids of new reservations, in the order of their use; the last one serves for all further.
const NEW_IDS: [&str; 3] = ["HATHAT", "HATHAU", "HATHAV"];

/// The data has no clock: this is when everything is booked.
const CREATED_AT: &str = "2024-05-15T15:00:00";

/// What the insurance of one traveller costs.
const INSURANCE_PRICE: usize = 30;

/// What one bag costs that is not free.
const BAG_PRICE: usize = 50;

pub(crate) fn book_reservation(state: &mut State, arguments: &Object) -> Result<String, Fault> {
    let user_id = arguments.get("user_id")?.key()?;
    let user = state.users.find_optional(user_id)?.ok_or("user not found")?;
    let id = new_id(&mut state.reservations)?;
    let timetable = state.flights.timetable()?;
    let travellers = arguments.get("passengers")?.array()?.len();
    let mut segments = objects(arguments.get("flights")?)?;
    let mut total = Number::from(0);
    for segment in &mut segments {
        let cabin = arguments.get("cabin")?;
        total = total.plus(&price_segment(timetable, segment, cabin, travellers)?)?;
    }
    total = plus_extras(total, arguments, travellers)?;
    let payments = objects(arguments.get("payment_methods")?)?;
    check_payments(user.get("payment_methods")?.object()?, &payments, &total)?;
    pay(user.get_mut("payment_methods")?.object_mut()?, &payments)?;
    let reservation = reservation(id, arguments, segments)?;
    let output = shown(&reservation);
    state.reservations.set(id, reservation)?;
    user.get_mut("reservations")?.array_mut()?.push(id.into());
    Ok(output)
}

fn new_id(reservations: &mut Table) -> Result<&'static str, Fault> {
    for id in &NEW_IDS[..2] {
        if !reservations.has(id)? {
            return Ok(id);
        }
    }
    Ok(NEW_IDS[2])
}

/// The price with insurance and bags, added in this order, which matters for doubles.
fn plus_extras(price: Number, arguments: &Object, travellers: usize) -> Result<Number, Fault> {
    let insured = arguments.get("insurance")?.as_text() == Some("yes");
    let insurance = if insured { INSURANCE_PRICE * travellers } else { 0 };
    let bags = arguments.get("nonfree_baggages")?.number()?;
    let bags = bags.times(&Number::from(BAG_PRICE))?;
    Ok(price.plus(&insurance.into())?.plus(&bags)?)
}

/// Checks that each payment can be made from the balances of now, and that together they are the
/// price.
fn check_payments(methods: &Object, payments: &[Object], total: &Number) -> Result<(), Fault> {
    for payment in payments {
        let id = payment.get("payment_id")?;
        let amount = payment.get("amount")?;
        let method = id.key()?.and_then(|id| methods.find(id));
        let method = method.ok_or_else(|| format!("payment method {} not found", plain(id)))?;
        let method = method.object()?;
        let limited = matches!(method.get("source")?.as_text(), Some("gift_card" | "certificate"));
        if limited && method.get("amount")?.number()? < amount.number()? {
            return Err(format!("not enough balance in payment method {}", plain(id)).into());
        }
    }
    let mut paid = Number::from(0);
    for payment in payments {
        paid = paid.plus(payment.get("amount")?.number()?)?;
    }
    if paid != *total {
        let (total, paid) = (total.clone().into(), paid.into());
        let (total, paid) = (plain(&total), plain(&paid));
        return Err(format!(
            "payment amount does not add up, total price is {total}, but paid {paid}"
        )
        .into());
    }
    Ok(())
}

/// Takes the payments in their order. A certificate is used up whatever its remaining value, so
/// one that is listed twice is missing the second time.
fn pay(methods: &mut Object, payments: &[Object]) -> Result<(), Fault> {
    for payment in payments {
        let id = payment.get("payment_id")?.as_text().unwrap_or_default();
        let method = methods.get_mut(id)?.object_mut()?;
        if method.get("source")?.as_text() == Some("certificate") {
            methods.remove(id)?;
        } else {
            charge(method, payment.get("amount")?.number()?)?;
        }
    }
    Ok(())
}

fn reservation(id: &str, arguments: &Object, segments: Vec<Object>) -> Result<Object, Fault> {
    let given = |key: &str| arguments.get(key).cloned();
    let members = [
        ("reservation_id", Value::from(id)),
        ("user_id", given("user_id")?),
        ("origin", given("origin")?),
        ("destination", given("destination")?),
        ("flight_type", given("flight_type")?),
        ("cabin", given("cabin")?),
        ("flights", array_of(segments)),
        ("passengers", given("passengers")?),
        ("payment_history", given("payment_methods")?),
        ("created_at", CREATED_AT.into()),
        ("total_baggages", given("total_baggages")?),
        ("nonfree_baggages", given("nonfree_baggages")?),
        ("insurance", given("insurance")?),
    ];
    Ok(Object(members.map(|(key, value)| (key.to_owned(), value)).into()))
}
