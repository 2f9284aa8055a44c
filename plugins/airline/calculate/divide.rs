//! The two divisions: `/`, which always gives a double, and `//`, which rounds down.

use num_bigint::{BigInt, Sign};
use num_traits::{Signed, ToPrimitive, Zero};

use crate::json::{Number, Pair};

/// The significant bits that are kept before a quotient is rounded: more than a double's 53, so
/// that with a last bit for "not exact" the rounding is the right one.
const QUOTIENT_BITS: i64 = 64;

/// The quotient as a double, rounded once.
pub(super) fn over(left: &Number, right: &Number) -> Result<Number, String> {
    match left.with(right)? {
        Pair::Integers(_, b) if b.is_zero() => Err("division by zero".to_owned()),
        Pair::Integers(a, b) => integers_over(a, b).map(Number::Double),
        Pair::Doubles(_, 0.0) => Err("float division by zero".to_owned()),
        Pair::Doubles(a, b) => Ok(Number::Double(a / b)),
    }
}

/// The quotient rounded down: an integer of two integers, else a double.
pub(super) fn floor_over(left: &Number, right: &Number) -> Result<Number, String> {
    match left.with(right)? {
        Pair::Integers(_, b) if b.is_zero() => Err("integer division or modulo by zero".to_owned()),
        Pair::Integers(a, b) => {
            let rest = a % b;
            let downwards = !rest.is_zero() && rest.is_negative() != b.is_negative();
            Ok(Number::Integer(a / b - BigInt::from(u8::from(downwards))))
        }
        Pair::Doubles(_, 0.0) => Err("float floor division by zero".to_owned()),
        Pair::Doubles(a, b) => Ok(Number::Double(doubles_floor_over(a, b))),
    }
}

/// Shifts the dividend so that the integer quotient has more bits than a double, and rounds that.
fn integers_over(a: &BigInt, b: &BigInt) -> Result<f64, String> {
    let (a_magnitude, b_magnitude) = (a.magnitude(), b.magnitude());
    let shift = QUOTIENT_BITS + b_magnitude.bits() as i64 - a_magnitude.bits() as i64;
    let (dividend, divisor) = if shift >= 0 {
        (a_magnitude << shift as u64, b_magnitude.clone())
    } else {
        (a_magnitude.clone(), b_magnitude << shift.unsigned_abs())
    };
    let mut quotient = &dividend / &divisor;
    let exact = (&quotient * &divisor) == dividend;
    quotient.set_bit(0, quotient.bit(0) || !exact);
    let rounded = quotient.to_f64().unwrap_or(f64::INFINITY);
    let double = libm::scalbn(rounded, -(shift as i32));
    if double.is_infinite() {
        return Err("integer division result too large for a float".to_owned());
    }
    // Nothing over a negative number is a negative zero.
    let negative = (a.sign() == Sign::Minus) != (b.sign() == Sign::Minus);
    Ok(if negative { -double } else { double })
}

/// By the remainder, since the rounded quotient can lie above the true one.
fn doubles_floor_over(a: f64, b: f64) -> f64 {
    let rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest != 0.0 && (b < 0.0) != (rest < 0.0) {
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return 0f64.copysign(a / b);
    }
    let floor = quotient.floor();
    if quotient - floor > 0.5 { floor + 1.0 } else { floor }
}
