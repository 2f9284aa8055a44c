//! The tools that show what is there.

use super::shown;
use crate::fault::Fault;
use crate::json::Object;
use crate::state::State;

const AIRPORTS: &str = r#"{"SFO": "San Francisco", "JFK": "New York", "LAX": "Los Angeles", "ORD": "Chicago", "DFW": "Dallas", "DEN": "Denver", "SEA": "Seattle", "ATL": "Atlanta", "MIA": "Miami", "BOS": "Boston", "PHX": "Phoenix", "IAH": "Houston", "LAS": "Las Vegas", "MCO": "Orlando", "EWR": "Newark", "CLT": "Charlotte", "MSP": "Minneapolis", "DTW": "Detroit", "PHL": "Philadelphia", "LGA": "LaGuardia"}"#;

pub(crate) fn get_reservation_details(
    state: &mut State,
    arguments: &Object,
) -> Result<String, Fault> {
    let id = arguments.get("reservation_id")?.key()?;
    let reservation = state.reservations.find_optional(id)?;
    // The recorded tool says "user" here as well.
    Ok(shown(reservation.ok_or("user not found")?))
}

pub(crate) fn list_all_airports(_: &mut State, _: &Object) -> Result<String, Fault> {
    Ok(AIRPORTS.to_owned())
}

pub(crate) fn get_user_details(state: &mut State, arguments: &Object) -> Result<String, Fault> {
    let id = arguments.get("user_id")?.key()?;
    let user = state.users.find_optional(id)?;
    Ok(shown(user.ok_or("user not found")?))
}
