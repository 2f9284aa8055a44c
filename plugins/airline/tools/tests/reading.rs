//! Looking up, searching, and what is the same for every tool.

use super::super::call;
use super::super::fixture::{airline, fresh_output};
use crate::fault::Fault;
use crate::state::State;

#[test]
fn unknown_ids_are_told() {
    let by_id = |name: &str, parameter: &str, id: &str| {
        fresh_output(name, &format!("{{\"{parameter}\":{id}}}"))
    };
    let reservation = |id| by_id("get_reservation_details", "reservation_id", id);
    let user = |id| by_id("get_user_details", "user_id", id);
    for id in ["\"R9\"", "7", "null", "true"] {
        assert_eq!(reservation(id), "Error: user not found");
        assert_eq!(user(id), "Error: user not found");
    }
    assert_eq!(reservation("[1]"), "Error: unhashable type: 'list'");
    assert_eq!(user("{}"), "Error: unhashable type: 'dict'");
    assert!(user("\"ann\"").starts_with(r#"{"name": {"first_name": "Ann", "last_name": "Lee"}, "#));
}

#[test]
fn an_unknown_tool_is_an_output() {
    assert_eq!(fresh_output("fly", "{}"), "Unknown action fly");
    assert_eq!(fresh_output("respond", r#"{"x":1}"#), "Unknown action respond");
}

#[test]
fn parameters_are_checked_before_the_tool_is_reached() {
    assert_eq!(
        fresh_output("search_direct_flight", r#"{"origin":"SEA"}"#),
        "Error: SearchDirectFlight.invoke() missing 2 required positional arguments: \
         'destination' and 'date'"
    );
    assert_eq!(
        fresh_output("list_all_airports", r#"{"country":"US"}"#),
        "Error: ListAllAirports.invoke() got an unexpected keyword argument 'country'"
    );
}

#[test]
fn malformed_arguments_are_no_output() {
    let fault = call(&mut airline(), "think", "{\"thought\":").unwrap_err();
    assert!(matches!(fault, Fault::Arguments(_)), "{fault:?}");
    let fault = call(&mut airline(), "fly", "{").unwrap_err();
    assert!(matches!(fault, Fault::Arguments(_)), "{fault:?}");
}

#[test]
fn data_that_is_not_granted_is_no_output() {
    let refuse = |_: &str| Err(Fault::NotGranted("add the line".to_owned()));
    let mut state = State::new(refuse);
    for (name, arguments) in [
        ("get_user_details", r#"{"user_id":"ann"}"#),
        ("get_reservation_details", r#"{"reservation_id":"R1"}"#),
        ("search_direct_flight", r#"{"origin":"A","destination":"B","date":"C"}"#),
    ] {
        let refused = Err(Fault::NotGranted("add the line".to_owned()));
        assert_eq!(call(&mut state, name, arguments), refused);
    }
    assert_eq!(call(&mut state, "think", r#"{"thought":"hm"}"#), Ok(String::new()));
}

#[test]
fn text_that_is_not_ascii_is_escaped_in_outputs() {
    let output = fresh_output(
        "update_reservation_passengers",
        r#"{"reservation_id":"R1","passengers":[{"first_name":"Zoë","last_name":"😀","dob":"x"},{}]}"#,
    );
    let expected = r#"[{"first_name": "Zo\u00eb", "last_name": "\ud83d\ude00", "dob": "x"}, {}]"#;
    assert!(output.contains(expected), "{output}");
}

#[test]
fn a_direct_search_gives_bookable_flights_only() {
    let search = |date: &str| {
        let arguments = format!(r#"{{"origin":"SEA","destination":"DEN","date":{date}}}"#);
        fresh_output("search_direct_flight", &arguments)
    };
    assert_eq!(
        search("\"2024-05-17\""),
        r#"[{"flight_number": "F1", "origin": "SEA", "destination": "DEN", "scheduled_departure_time_est": "06:00:00", "scheduled_arrival_time_est": "08:00:00", "status": "available", "available_seats": {"basic_economy": 9, "economy": 2, "business": 1}, "prices": {"basic_economy": 50, "economy": 100, "business": 300}}]"#
    );
    assert_eq!(search("\"2024-05-16\""), "[]");
    assert_eq!(search("\"2024-06-01\""), "[]");
    assert_eq!(search("5"), "[]");
}

fn onestop(destination: &str, date: &str) -> String {
    let arguments = format!(r#"{{"origin":"SEA","destination":"{destination}","date":"{date}"}}"#);
    fresh_output("search_onestop_flight", &arguments)
}

#[test]
fn a_connection_may_leave_when_the_first_flight_arrives() {
    let found = onestop("BOS", "2024-05-17");
    let first = r#"[[{"flight_number": "F1", "#;
    assert!(found.starts_with(first), "{found}");
    assert!(found.contains(r#""business": 320}, "date": "2024-05-17"}]"#), "{found}");
    assert_eq!(onestop("LAX", "2024-05-17"), "[]");
}

#[test]
fn behind_a_night_flight_the_next_day_counts_and_the_day_of_before_is_shown() {
    let found = onestop("BOS", "2024-05-17");
    let second = r#"{"flight_number": "F4", "origin": "ORD", "destination": "BOS", "scheduled_departure_time_est": "05:00:00", "scheduled_arrival_time_est": "09:00:00", "status": "cancelled", "date": "2024-05-18"}"#;
    assert!(found.ends_with(&format!("{second}]]")), "{found}");
}

#[test]
fn the_next_day_has_no_zero_in_front_so_it_matches_nothing() {
    assert_eq!(onestop("BOS", "2024-05-08"), "[]");
}

#[test]
fn a_date_that_does_not_end_in_a_number_fails_behind_a_night_flight() {
    assert!(onestop("BOS", "soon").starts_with("Error: "));
    assert_eq!(onestop("DEN", "soon"), "[]");
}
