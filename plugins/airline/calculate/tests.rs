use proptest::prelude::*;

use super::calculate;
use crate::fault::Fault;
use crate::json::Object;

fn value(expression: &str) -> Result<String, Fault> {
    calculate(&Object(vec![("expression".to_owned(), expression.into())]))
}

fn fault(expression: &str) -> String {
    match value(expression) {
        Err(Fault::Told(text)) => text,
        other => panic!("{expression} gave {other:?}"),
    }
}

#[track_caller]
fn assert_values(expected: &[(&str, &str)]) {
    for (expression, expected) in expected {
        assert_eq!(value(expression).as_deref(), Ok(*expected), "{expression}");
    }
}

#[test]
fn a_value_is_a_double_of_two_decimals() {
    assert_values(&[
        ("2 + 2", "4.0"),
        ("1/3", "0.33"),
        ("-114", "-114.0"),
        (" 1.5", "1.5"),
        (".5 + 5.", "5.5"),
        ("10**22", "1e+22"),
        ("100 * (23 + 77) - 5 * 2", "9990.0"),
        ("(2 + 3) * (10 - 4) / 4", "7.5"),
    ]);
}

#[test]
fn rounding_is_on_the_exact_value_and_a_tie_goes_to_the_even_digit() {
    assert_values(&[
        ("2.675", "2.67"),
        ("0.125", "0.12"),
        ("0.375", "0.38"),
        ("1.005", "1.0"),
        ("-0.125", "-0.12"),
        ("10**15 + 0.625", "1000000000000000.6"),
    ]);
}

#[test]
fn zero_keeps_the_sign_of_a_double_only() {
    assert_values(&[
        ("-0.001", "-0.0"),
        ("-0", "0.0"),
        ("-0.0", "-0.0"),
        ("--0.0", "0.0"),
        ("0 * -1", "0.0"),
        ("0 / -5", "-0.0"),
    ]);
}

#[test]
fn powers_bind_tighter_than_a_sign_on_their_left_and_go_from_right_to_left() {
    assert_values(&[
        ("-2**2", "-4.0"),
        ("2**3**2", "512.0"),
        ("2**-1", "0.5"),
        ("2**-2**2", "0.06"),
        ("--2**2", "4.0"),
        ("2 ** .5", "1.41"),
        ("0**0", "1.0"),
        ("(-1)**(10**30 + 1)", "-1.0"),
        ("(-1)**(10**30)", "1.0"),
        ("0**(10**30)", "0.0"),
    ]);
}

#[test]
fn integers_are_exact_whatever_their_size() {
    assert_values(&[
        ("10**400 / 10**399", "10.0"),
        ("10**30 - (10**30 - 7)", "7.0"),
        ("(10**30 + 1) / 10**30", "1.0"),
        ("9007199254740993 / 1", "9007199254740992.0"),
        ("3 * 10**30 / (2 * 10**30)", "1.5"),
        ("-7 * 10**40 / (2 * 10**40)", "-3.5"),
    ]);
}

#[test]
fn floor_division_rounds_down() {
    assert_values(&[
        ("7 // 2", "3.0"),
        ("-7 // 2", "-4.0"),
        ("7 // -2", "-4.0"),
        ("-8 // 2", "-4.0"),
        ("7.5 // 2", "3.0"),
        ("-7.5 // 2", "-4.0"),
        ("0.0 // -3", "-0.0"),
        ("1 // .1", "9.0"),
    ]);
}

#[test]
fn leading_zeros_are_for_doubles_and_zero() {
    assert_values(&[("00", "0.0"), ("007.5", "7.5"), ("08.", "8.0")]);
    assert!(fault("007").starts_with("leading zeros"));
}

#[test]
fn failures_have_their_texts() {
    let syntax = "invalid syntax (<string>, line 1)";
    for (expression, expected) in [
        ("1/0", "division by zero"),
        ("1.0/0", "float division by zero"),
        ("1//0", "integer division or modulo by zero"),
        ("1.0//0", "float floor division by zero"),
        ("1 2", syntax),
        ("1.5.2", syntax),
        ("1 +", syntax),
        ("2 * * 3", syntax),
        ("4 / / 2", syntax),
        (".", syntax),
        ("()", syntax),
        ("(1 2)", syntax),
        ("", "invalid syntax (<string>, line 0)"),
        ("  ", "invalid syntax (<string>, line 0)"),
        ("(1 + 2", "'(' was never closed (<string>, line 1)"),
        ("1 + 2)", "unmatched ')' (<string>, line 1)"),
        (")", "unmatched ')' (<string>, line 1)"),
        ("2(3)", "'int' object is not callable"),
        ("2.5(3)", "'float' object is not callable"),
        ("2()", "'int' object is not callable"),
        ("10**400", "int too large to convert to float"),
        ("10**400 + 0.5", "int too large to convert to float"),
        ("10**400 / 3", "integer division result too large for a float"),
        ("0 ** -1", "0.0 cannot be raised to a negative power"),
        ("1 + x", "invalid characters in expression"),
        ("1e5", "invalid characters in expression"),
        ("1\n", "invalid characters in expression"),
    ] {
        assert_eq!(fault(expression), expected, "{expression}");
    }
}

#[test]
fn a_syntax_error_wins_over_a_division_by_zero() {
    assert_eq!(fault("1/0 +"), "invalid syntax (<string>, line 1)");
}

#[test]
fn what_would_compute_for_minutes_is_refused() {
    assert_eq!(fault("9**9**9"), "the power is too large");
    assert_eq!(fault(&vec!["9**5000"; 40].join("*")), "an integer is too large");
    assert!(fault(&"1+".repeat(5000)).contains("longer than 4096"));
    assert!(fault(&format!("{}1", "(".repeat(4000))).starts_with("too many nested"));
    assert!(fault(&format!("{}1", "1**".repeat(1000))).starts_with("too many nested"));
    assert_eq!(value(&format!("{}7", "-".repeat(4000))).as_deref(), Ok("7.0"));
}

#[test]
fn a_double_that_is_too_large_is_infinite() {
    let nines = "9".repeat(400);
    assert_eq!(value(&format!("{nines}.0")).as_deref(), Ok("inf"));
    assert_eq!(value(&format!("{nines}. - {nines}.")).as_deref(), Ok("nan"));
}

proptest! {
    #[test]
    fn no_likely_text_panics(text in "[0-9.+*/() -]{0,40}") {
        let _ = value(&text);
    }

    #[test]
    fn quotients_of_small_integers_are_those_of_the_processor(a: i32, b: i32) {
        prop_assume!(b != 0);
        let expected = value(&format!("{a}.0 / {b}.0"));
        // An integer has no negative zero.
        if a != 0 {
            prop_assert_eq!(value(&format!("{a} / {b}")), expected);
        }
        let floor = i64::from(a).div_euclid(i64::from(b)) - i64::from(a.rem_euclid(b) != 0 && b < 0);
        prop_assert_eq!(value(&format!("{a} // {b}")), value(&format!("{floor}")));
    }

    #[test]
    fn scaling_both_sides_leaves_a_quotient(a in 1u64.., b in 1u64.., scale in 0u32..300) {
        let plain = value(&format!("{a} / {b}"));
        prop_assert_eq!(value(&format!("({a} * 7**{scale}) / ({b} * 7**{scale})")), plain);
    }
}
