//! Powers: exact where both numbers are integers and the exponent is not negative.

use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;

use super::evaluate::INTEGER_BITS_MAX;
use crate::json::{Number, Pair};

/// Raises the first number to the power of the second.
///
/// # Errors
/// Powers that are too large, have no value, or are no real numbers.
pub(super) fn power(base: &Number, exponent: &Number) -> Result<Number, String> {
    match base.with(exponent)? {
        Pair::Integers(a, b) if b.sign() != Sign::Minus => integer_power(a, b),
        Pair::Integers(..) => double_power(base.to_double()?, exponent.to_double()?),
        Pair::Doubles(a, b) => double_power(a, b),
    }
}

fn integer_power(base: &BigInt, exponent: &BigInt) -> Result<Number, String> {
    // 0, 1 and -1 stay small however often they are multiplied: only the parity counts.
    let small = if base.bits() <= 1 && exponent.bits() > 1 {
        &BigInt::from(2 + u8::from(exponent.bit(0)))
    } else {
        exponent
    };
    power_of_bounded_size(base, small)
}

fn power_of_bounded_size(base: &BigInt, exponent: &BigInt) -> Result<Number, String> {
    let exponent = exponent.to_u32().filter(|exponent| {
        let bits = base.bits().saturating_sub(1).checked_mul((*exponent).into());
        bits.is_some_and(|bits| bits <= INTEGER_BITS_MAX)
    });
    let exponent = exponent.ok_or("the power is too large")?;
    Ok(Number::Integer(base.pow(exponent)))
}

fn double_power(base: f64, exponent: f64) -> Result<Number, String> {
    if base == 0.0 && exponent < 0.0 {
        return Err("0.0 cannot be raised to a negative power".to_owned());
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent.fract() != 0.0 {
        return Err("float() argument must be a string or a real number, not 'complex'".to_owned());
    }
    let power = libm::pow(base, exponent);
    if power.is_infinite() && base.is_finite() && exponent.is_finite() {
        return Err("(34, 'Numerical result out of range')".to_owned());
    }
    Ok(Number::Double(power))
}
