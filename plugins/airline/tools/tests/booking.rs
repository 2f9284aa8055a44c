//! Booking.

use super::super::fixture::{airline, fresh_output, output, part_behind};
use crate::state::State;

/// What a test changes of a booking for one traveller on F1 in economy, 100 dollars.
#[derive(Clone, Copy)]
struct Booking {
    user: &'static str,
    cabin: &'static str,
    flights: &'static str,
    passengers: &'static str,
    payments: &'static str,
    nonfree: &'static str,
    insurance: &'static str,
}

const ONE: &str = r#"[{"first_name":"Ann","last_name":"Lee","dob":"1990-01-01"}]"#;

const PLAIN: Booking = Booking {
    user: "\"ann\"",
    cabin: "\"economy\"",
    flights: r#"[{"flight_number":"F1","date":"2024-05-17"}]"#,
    passengers: ONE,
    payments: r#"[{"payment_id":"card_1","amount":100}]"#,
    nonfree: "0",
    insurance: "no",
};

impl Booking {
    fn arguments(self) -> String {
        let Booking { user, cabin, flights, passengers, payments, nonfree, insurance } = self;
        format!(
            r#"{{"user_id":{user},"origin":"SEA","destination":"DEN","flight_type":"one_way","cabin":{cabin},"flights":{flights},"passengers":{passengers},"payment_methods":{payments},"total_baggages":2,"nonfree_baggages":{nonfree},"insurance":"{insurance}"}}"#
        )
    }

    fn book(self, state: &mut State) -> String {
        output(state, "book_reservation", &self.arguments())
    }

    fn refusal(self) -> String {
        fresh_output("book_reservation", &self.arguments())
    }
}

fn user(state: &mut State) -> String {
    output(state, "get_user_details", r#"{"user_id":"ann"}"#)
}

#[test]
fn a_booking_is_shown_and_stored() {
    let mut state = airline();
    let booked = PLAIN.book(&mut state);
    assert_eq!(
        booked,
        r#"{"reservation_id": "HATHAT", "user_id": "ann", "origin": "SEA", "destination": "DEN", "flight_type": "one_way", "cabin": "economy", "flights": [{"flight_number": "F1", "date": "2024-05-17", "price": 100, "origin": "SEA", "destination": "DEN"}], "passengers": [{"first_name": "Ann", "last_name": "Lee", "dob": "1990-01-01"}], "payment_history": [{"payment_id": "card_1", "amount": 100}], "created_at": "2024-05-15T15:00:00", "total_baggages": 2, "nonfree_baggages": 0, "insurance": "no"}"#
    );
    let stored = output(&mut state, "get_reservation_details", r#"{"reservation_id":"HATHAT"}"#);
    assert_eq!(stored, booked);
    assert!(user(&mut state).ends_with(r#""reservations": ["R1", "HATHAT"]}"#));
}

#[test]
fn every_refusal_has_its_text() {
    let flights = |flights| Booking { flights, ..PLAIN }.refusal();
    assert_eq!(Booking { user: "\"bob\"", ..PLAIN }.refusal(), "Error: user not found");
    assert_eq!(
        flights(r#"[{"flight_number":"F9","date":"2024-05-17"}]"#),
        "Error: flight F9 not found"
    );
    assert_eq!(
        flights(r#"[{"flight_number":"F1","date":"2024-06-17"}]"#),
        "Error: flight F1 not found on date 2024-06-17"
    );
    assert_eq!(
        flights(r#"[{"flight_number":"F1","date":"2024-05-16"}]"#),
        "Error: flight F1 not available on date 2024-05-16"
    );
    assert_eq!(
        Booking { passengers: "[{},{},{}]", ..PLAIN }.refusal(),
        "Error: not enough seats on flight F1"
    );
    let payments = |payments| Booking { payments, ..PLAIN }.refusal();
    assert_eq!(
        payments(r#"[{"payment_id":"card_9","amount":100}]"#),
        "Error: payment method card_9 not found"
    );
    for id in ["gift_1", "cert_1"] {
        let payments = format!(r#"[{{"payment_id":"{id}","amount":151}}]"#);
        let refusal = Booking { payments: payments.leak(), ..PLAIN }.refusal();
        assert_eq!(refusal, format!("Error: not enough balance in payment method {id}"));
    }
    assert_eq!(
        payments(r#"[{"payment_id":"card_1","amount":99}]"#),
        "Error: payment amount does not add up, total price is 100, but paid 99"
    );
    assert_eq!(
        payments("[]"),
        "Error: payment amount does not add up, total price is 100, but paid 0"
    );
}

#[test]
fn a_key_that_is_missing_is_named() {
    let flights = |flights| Booking { flights, ..PLAIN }.refusal();
    assert_eq!(flights(r#"[{"flight_number":"F1"}]"#), "Error: 'date'");
    assert_eq!(flights(r#"[{"date":"2024-05-17"}]"#), "Error: 'flight_number'");
    assert_eq!(Booking { cabin: "\"first\"", ..PLAIN }.refusal(), "Error: 'first'");
    assert_eq!(Booking { cabin: "[]", ..PLAIN }.refusal(), "Error: unhashable type: 'list'");
    let payments = r#"[{"payment_id":"card_1"}]"#;
    assert_eq!(Booking { payments, ..PLAIN }.refusal(), "Error: 'amount'");
}

#[test]
fn the_first_bad_segment_is_told_and_nothing_changes() {
    let mut state = airline();
    let before = user(&mut state);
    let flights = r#"[{"flight_number":"F1","date":"2024-05-17"},{"flight_number":"F8","date":"x"},{"flight_number":"F9","date":"x"}]"#;
    let payments = r#"[{"payment_id":"gift_1","amount":100}]"#;
    let refusal = Booking { flights, payments, ..PLAIN }.book(&mut state);
    assert_eq!(refusal, "Error: flight F8 not found");
    assert_eq!(user(&mut state), before);
}

#[test]
fn insurance_and_bags_are_added() {
    let booking = Booking {
        insurance: "yes",
        nonfree: "2",
        passengers: "[{},{}]",
        payments: r#"[{"payment_id":"card_1","amount":360}]"#,
        ..PLAIN
    };
    assert!(booking.refusal().starts_with(r#"{"reservation_id": "HATHAT""#));
}

#[test]
fn payments_are_taken_from_gift_cards_and_certificates() {
    let mut state = airline();
    let payments = r#"[{"payment_id":"cert_1","amount":30},{"payment_id":"gift_1","amount":70}]"#;
    Booking { payments, ..PLAIN }.book(&mut state);
    let user = user(&mut state);
    assert!(part_behind(&user, "gift_1").starts_with(r#"{"source": "gift_card", "amount": 50,"#));
    assert!(!user.contains("cert_1"), "{user}");
}

#[test]
fn a_certificate_twice_fails_the_second_time_behind_the_payments_before() {
    let mut state = airline();
    let payments = r#"[{"payment_id":"gift_1","amount":20},{"payment_id":"cert_1","amount":40},{"payment_id":"cert_1","amount":40}]"#;
    let refusal = Booking { payments, ..PLAIN }.book(&mut state);
    assert_eq!(refusal, "Error: 'cert_1'");
    let user = user(&mut state);
    assert!(part_behind(&user, "gift_1").starts_with(r#"{"source": "gift_card", "amount": 100,"#));
    assert!(!user.contains("cert_1"), "{user}");
    assert!(user.ends_with(r#""reservations": ["R1"]}"#));
}

#[test]
fn amounts_may_be_doubles_and_stay_so() {
    let mut state = airline();
    let payments =
        r#"[{"payment_id":"gift_1","amount":99.5},{"payment_id":"card_1","amount":5e-1}]"#;
    let booked = Booking { payments, ..PLAIN }.book(&mut state);
    let history =
        r#"[{"payment_id": "gift_1", "amount": 99.5}, {"payment_id": "card_1", "amount": 0.5}]"#;
    assert!(part_behind(&booked, "payment_history").starts_with(history));
    assert!(part_behind(&user(&mut state), "gift_1").contains(r#""amount": 20.5,"#));
    let payments = r#"[{"payment_id":"card_1","amount":99.5}]"#;
    assert_eq!(
        Booking { payments, ..PLAIN }.refusal(),
        "Error: payment amount does not add up, total price is 100, but paid 99.5"
    );
}

#[test]
fn a_fourth_booking_replaces_the_third() {
    let mut state = airline();
    let ids = ["HATHAT", "HATHAU", "HATHAV", "HATHAV"];
    for id in ids {
        let booked = PLAIN.book(&mut state);
        assert!(booked.starts_with(&format!(r#"{{"reservation_id": "{id}""#)), "{booked}");
    }
    let listed = r#"["R1", "HATHAT", "HATHAU", "HATHAV", "HATHAV"]"#;
    assert!(part_behind(&user(&mut state), "reservations").starts_with(listed));
}

#[test]
fn keys_that_the_model_gave_stay_in_their_places() {
    let flights = r#"[{"origin":"?","note":1,"flight_number":"F1","date":"2024-05-17"}]"#;
    let booked = Booking { flights, ..PLAIN }.refusal();
    let segment = r#"[{"origin": "SEA", "note": 1, "flight_number": "F1", "date": "2024-05-17", "price": 100, "destination": "DEN"}]"#;
    assert!(part_behind(&booked, "flights").starts_with(segment), "{booked}");
}
