//! Certificates.

use super::super::fixture::{airline, fresh_output, output, part_behind};

fn send(amount: &str) -> String {
    format!(r#"{{"user_id":"ann","amount":{amount}}}"#)
}

#[test]
fn a_certificate_goes_to_a_user() {
    let mut state = airline();
    let mut sent = |amount: &str| output(&mut state, "send_certificate", &send(amount));
    let text = "Certificate certificate_3221322 added to user ann with amount 50.";
    assert_eq!(sent("50"), text);
    let text = "Certificate certificate_3221323 added to user ann with amount 50.0.";
    assert_eq!(sent("50.0"), text);
    let text = "Certificate certificate_3221324 added to user ann with amount 1e+16.";
    assert_eq!(sent("1e16"), text);
    assert!(sent("50").starts_with("Error: "));
    let user = output(&mut state, "get_user_details", r#"{"user_id":"ann"}"#);
    let certificate = r#"{"source": "certificate", "amount": 50.0, "id": "certificate_3221323"}, "#;
    assert!(part_behind(&user, "certificate_3221323").starts_with(certificate));
}

#[test]
fn an_unknown_user_gets_none() {
    let refusal = fresh_output("send_certificate", r#"{"user_id":"bob","amount":50}"#);
    assert_eq!(refusal, "Error: user not found");
}

#[test]
fn a_certificate_pays_the_next_booking() {
    let mut state = airline();
    output(&mut state, "send_certificate", &send("100"));
    let booked = output(
        &mut state,
        "book_reservation",
        r#"{"user_id":"ann","origin":"SEA","destination":"DEN","flight_type":"one_way","cabin":"economy","flights":[{"flight_number":"F1","date":"2024-05-17"}],"passengers":[{}],"payment_methods":[{"payment_id":"certificate_3221322","amount":100}],"total_baggages":0,"nonfree_baggages":0,"insurance":"no"}"#,
    );
    assert!(booked.starts_with(r#"{"reservation_id": "HATHAT""#), "{booked}");
}
