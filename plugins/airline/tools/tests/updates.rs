//! Changing and cancelling reservations.

use super::super::fixture::{airline, fresh_output, output, part_behind};

const BAGGAGES: &str = "update_reservation_baggages";
const FLIGHTS: &str = "update_reservation_flights";

fn baggages(id: &str, nonfree: &str, payment: &str) -> String {
    format!(
        r#"{{"reservation_id":"{id}","total_baggages":4,"nonfree_baggages":{nonfree},"payment_id":"{payment}"}}"#
    )
}

fn flights(cabin: &str, number: &str, date: &str, payment: &str) -> String {
    format!(
        r#"{{"reservation_id":"R1","cabin":"{cabin}","flights":[{{"flight_number":"{number}","date":"{date}"}}],"payment_id":"{payment}"}}"#
    )
}

#[test]
fn an_unknown_reservation_is_told_by_every_tool() {
    let not_found = "Error: reservation not found";
    assert_eq!(fresh_output("cancel_reservation", r#"{"reservation_id":"R9"}"#), not_found);
    assert_eq!(fresh_output(BAGGAGES, &baggages("R9", "2", "card_1")), not_found);
    let arguments = r#"{"reservation_id":"R9","cabin":"economy","flights":[],"payment_id":"x"}"#;
    assert_eq!(fresh_output(FLIGHTS, arguments), not_found);
    let arguments = r#"{"reservation_id":"R9","passengers":[]}"#;
    assert_eq!(fresh_output("update_reservation_passengers", arguments), not_found);
}

#[test]
fn a_cancellation_refunds_and_a_second_one_negates_all_again() {
    let mut state = airline();
    let once = output(&mut state, "cancel_reservation", r#"{"reservation_id":"R1"}"#);
    let history =
        r#"[{"payment_id": "card_1", "amount": 180}, {"payment_id": "card_1", "amount": -180}]"#;
    assert!(part_behind(&once, "payment_history").starts_with(history));
    assert!(once.ends_with(r#""insurance": "no", "status": "cancelled"}"#));
    let twice = output(&mut state, "cancel_reservation", r#"{"reservation_id":"R1"}"#);
    let negated =
        r#", {"payment_id": "card_1", "amount": -180}, {"payment_id": "card_1", "amount": 180}]"#;
    assert!(part_behind(&twice, "payment_history").contains(negated));
    assert!(twice.ends_with(r#""insurance": "no", "status": "cancelled"}"#));
}

#[test]
fn more_bags_are_charged_and_fewer_are_not_refunded() {
    let mut state = airline();
    let more = output(&mut state, BAGGAGES, &baggages("R1", "3", "gift_1"));
    let history =
        r#"[{"payment_id": "card_1", "amount": 180}, {"payment_id": "gift_1", "amount": 100}]"#;
    assert!(part_behind(&more, "payment_history").starts_with(history));
    assert!(more.contains(r#""total_baggages": 4, "nonfree_baggages": 3"#));
    let fewer = output(&mut state, BAGGAGES, &baggages("R1", "0", "gift_1"));
    assert!(part_behind(&fewer, "payment_history").starts_with(history));
    let user = output(&mut state, "get_user_details", r#"{"user_id":"ann"}"#);
    assert!(part_behind(&user, "gift_1").contains(r#""amount": 20,"#));
}

#[test]
fn bags_are_refused_with_their_texts() {
    let refusal = |nonfree, payment| fresh_output(BAGGAGES, &baggages("R1", nonfree, payment));
    assert_eq!(refusal("0", "card_9"), "Error: payment method not found");
    let certificate = "Error: certificate cannot be used to update reservation";
    assert_eq!(refusal("0", "cert_1"), certificate);
    assert_eq!(refusal("4", "gift_1"), "Error: gift card balance is not enough");
}

#[test]
fn bags_may_be_doubles() {
    let changed = fresh_output(BAGGAGES, &baggages("R1", "1.5", "gift_1"));
    assert!(changed.contains(r#"{"payment_id": "gift_1", "amount": 25.0}]"#), "{changed}");
    assert!(changed.contains(r#""nonfree_baggages": 1.5"#), "{changed}");
}

#[test]
fn flights_are_refused_with_their_texts() {
    let refusal = |cabin, number, date, payment| {
        fresh_output(FLIGHTS, &flights(cabin, number, date, payment))
    };
    let day = "2024-05-18";
    assert_eq!(refusal("economy", "F9", day, "card_1"), "Error: flight F9 not found");
    assert_eq!(
        refusal("economy", "F1", "2024-06-01", "card_1"),
        "Error: flight F1 not found on date 2024-06-01"
    );
    assert_eq!(
        refusal("economy", "F1", "2024-05-16", "card_1"),
        "Error: flight F1 not available on date 2024-05-16"
    );
    assert_eq!(
        refusal("business", "F1", "2024-05-17", "card_1"),
        "Error: not enough seats on flight F1"
    );
    assert_eq!(refusal("economy", "F1", day, "card_9"), "Error: payment method not found");
    assert_eq!(
        refusal("economy", "F1", day, "cert_1"),
        "Error: certificate cannot be used to update reservation"
    );
    assert_eq!(refusal("business", "F1", day, "gift_1"), "Error: gift card balance is not enough");
    assert_eq!(refusal("first", "F1", day, "card_1"), "Error: 'first'");
}

#[test]
fn a_present_segment_keeps_its_price_without_a_check() {
    let changed = fresh_output(FLIGHTS, &flights("economy", "F1", "2024-05-17", "card_1"));
    let segment = r#"[{"flight_number": "F1", "date": "2024-05-17", "price": 90, "origin": "SEA", "destination": "DEN"}]"#;
    assert!(part_behind(&changed, "flights").starts_with(segment), "{changed}");
    let history = r#"[{"payment_id": "card_1", "amount": 180}], "#;
    assert!(part_behind(&changed, "payment_history").starts_with(history));
}

#[test]
fn a_cheaper_flight_is_refunded_and_the_cabin_stays() {
    let mut state = airline();
    let arguments = flights("basic_economy", "F1", "2024-05-17", "gift_1");
    let changed = output(&mut state, FLIGHTS, &arguments);
    assert!(changed.contains(r#"{"payment_id": "gift_1", "amount": -80}]"#), "{changed}");
    assert!(changed.contains(r#""cabin": "economy""#), "{changed}");
    let user = output(&mut state, "get_user_details", r#"{"user_id":"ann"}"#);
    assert!(part_behind(&user, "gift_1").contains(r#""amount": 200,"#), "{user}");
}

#[test]
fn the_number_of_passengers_may_not_change() {
    let change = |passengers: &str| {
        let arguments = format!(r#"{{"reservation_id":"R1","passengers":{passengers}}}"#);
        fresh_output("update_reservation_passengers", &arguments)
    };
    assert_eq!(change("[{}]"), "Error: number of passengers does not match");
    assert!(part_behind(&change(r#"[{"x":1},{}]"#), "passengers").starts_with(r#"[{"x": 1}, {}]"#));
}
