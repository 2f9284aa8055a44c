//! A small airline for tests.

use super::call;
use crate::fault::Fault;
use crate::state::State;

const FLIGHTS: &str = r#"{
  "F1":{"flight_number":"F1","origin":"SEA","destination":"DEN","scheduled_departure_time_est":"06:00:00","scheduled_arrival_time_est":"08:00:00","dates":{
    "2024-05-16":{"status":"landed","actual_departure_time_est":"2024-05-16T06:00:00","actual_arrival_time_est":"2024-05-16T08:00:00"},
    "2024-05-17":{"status":"available","available_seats":{"basic_economy":9,"economy":2,"business":1},"prices":{"basic_economy":50,"economy":100,"business":300}},
    "2024-05-18":{"status":"available","available_seats":{"basic_economy":9,"economy":9,"business":9},"prices":{"basic_economy":60,"economy":120,"business":310}}}},
  "F2":{"flight_number":"F2","origin":"DEN","destination":"BOS","scheduled_departure_time_est":"08:00:00","scheduled_arrival_time_est":"12:00:00","dates":{
    "2024-05-17":{"status":"available","available_seats":{"basic_economy":5,"economy":5,"business":5},"prices":{"basic_economy":70,"economy":140,"business":320}}}},
  "F3":{"flight_number":"F3","origin":"SEA","destination":"ORD","scheduled_departure_time_est":"20:00:00","scheduled_arrival_time_est":"01:00:00+1","dates":{
    "2024-05-17":{"status":"available","available_seats":{"basic_economy":5,"economy":5,"business":5},"prices":{"basic_economy":80,"economy":150,"business":330}},
    "2024-05-08":{"status":"available","available_seats":{"basic_economy":5,"economy":5,"business":5},"prices":{"basic_economy":81,"economy":151,"business":331}}}},
  "F4":{"flight_number":"F4","origin":"ORD","destination":"BOS","scheduled_departure_time_est":"05:00:00","scheduled_arrival_time_est":"09:00:00","dates":{
    "2024-05-17":{"status":"cancelled"},
    "2024-05-18":{"status":"available","available_seats":{"basic_economy":5,"economy":5,"business":5},"prices":{"basic_economy":90,"economy":160,"business":340}},
    "2024-05-09":{"status":"available","available_seats":{"basic_economy":5,"economy":5,"business":5},"prices":{"basic_economy":91,"economy":161,"business":341}}}}
}"#;

const RESERVATIONS: &str = r#"{
  "R1":{"reservation_id":"R1","user_id":"ann","origin":"SEA","destination":"DEN","flight_type":"one_way","cabin":"economy",
    "flights":[{"origin":"SEA","destination":"DEN","flight_number":"F1","date":"2024-05-17","price":90}],
    "passengers":[{"first_name":"Ann","last_name":"Lee","dob":"1990-01-01"},{"first_name":"Bo","last_name":"Lee","dob":"1991-01-01"}],
    "payment_history":[{"payment_id":"card_1","amount":180}],
    "created_at":"2024-05-01T00:00:00","total_baggages":1,"nonfree_baggages":1,"insurance":"no"}
}"#;

const USERS: &str = r#"{
  "ann":{"name":{"first_name":"Ann","last_name":"Lee"},"payment_methods":{
    "card_1":{"source":"credit_card","brand":"visa","last_four":"0001","id":"card_1"},
    "gift_1":{"source":"gift_card","amount":120,"id":"gift_1"},
    "cert_1":{"source":"certificate","amount":150,"id":"cert_1"}},
    "membership":"gold","reservations":["R1"]}
}"#;

/// The airline in a new session.
pub(crate) fn airline() -> State {
    State::new(|path| {
        let text = match path {
            "flights.json" => FLIGHTS,
            "reservations.json" => RESERVATIONS,
            "users.json" => USERS,
            other => return Err(Fault::Data(format!("the fixture has no {other}"))),
        };
        Ok(text.as_bytes().to_vec())
    })
}

/// The output of a call.
#[track_caller]
pub(crate) fn output(state: &mut State, name: &str, arguments: &str) -> String {
    call(state, name, arguments).unwrap()
}

/// The output of a call in a new session.
#[track_caller]
pub(crate) fn fresh_output(name: &str, arguments: &str) -> String {
    output(&mut airline(), name, arguments)
}

/// What follows a member's name in the JSON of a user or reservation.
#[track_caller]
pub(crate) fn part_behind<'t>(text: &'t str, name: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("\"{name}\": ")).unwrap();
    rest
}
