//! Payment methods: finding and charging them, and giving new ones.

use crate::fault::Fault;
use crate::json::{Number, Object, Value, plain};
use crate::state::State;
use crate::table::Table;

/// The ids of certificates that are sent, in the order of their use.
const CERTIFICATES: [&str; 3] =
    ["certificate_3221322", "certificate_3221323", "certificate_3221324"];

/// A payment method of the user whom a reservation belongs to, as changes of reservations need it:
/// no certificate, and no gift card that holds less than the price.
///
/// # Errors
/// The first check that fails.
pub(super) fn method_for_change<'u>(
    users: &'u mut Table,
    reservation: &Object,
    payment_id: &Value,
    price: &Number,
) -> Result<&'u mut Object, Fault> {
    let user_id = reservation.get("user_id")?;
    let user = users.find_optional(user_id.key()?)?;
    let user =
        user.ok_or_else(|| user_id.as_text().map_or(plain(user_id), crate::json::key_error))?;
    let methods = user.get_mut("payment_methods")?.object_mut()?;
    let method = match payment_id.key()? {
        Some(id) => methods.get_mut(id).ok(),
        None => None,
    };
    let method = method.ok_or("payment method not found")?.object_mut()?;
    if method.get("source")?.as_text() == Some("certificate") {
        return Err("certificate cannot be used to update reservation".into());
    }
    if is_gift_card(method)? && method.get("amount")?.number()? < price {
        return Err("gift card balance is not enough".into());
    }
    Ok(method)
}

/// Takes the price from a gift card; a negative price is a refund. Other methods do not change.
pub(super) fn charge(method: &mut Object, price: &Number) -> Result<(), Fault> {
    if is_gift_card(method)? {
        let left = method.get("amount")?.number()?.minus(price)?;
        method.set("amount", left.into());
    }
    Ok(())
}

/// An element of a payment history.
pub(super) fn payment(payment_id: &Value, amount: Number) -> Value {
    let members = [("payment_id", payment_id.clone()), ("amount", amount.into())];
    Value::Object(Object(members.map(|(key, value)| (key.to_owned(), value)).into()))
}

pub(crate) fn send_certificate(state: &mut State, arguments: &Object) -> Result<String, Fault> {
    let user_id = arguments.get("user_id")?;
    let amount = arguments.get("amount")?;
    let user = state.users.find_optional(user_id.key()?)?;
    let user = user.ok_or("user not found")?;
    let methods = user.get_mut("payment_methods")?.object_mut()?;
    let mut free = CERTIFICATES.iter().filter(|id| methods.find(id).is_none());
    let id = *free.next().ok_or("the user has too many certificates")?;
    let mut certificate = Object::default();
    certificate.set("source", "certificate".into());
    certificate.set("amount", amount.clone());
    certificate.set("id", id.into());
    methods.set(id, Value::Object(certificate));
    let (user_id, amount) = (plain(user_id), plain(amount));
    Ok(format!("Certificate {id} added to user {user_id} with amount {amount}."))
}

fn is_gift_card(method: &Object) -> Result<bool, Fault> {
    Ok(method.get("source")?.as_text() == Some("gift_card"))
}
