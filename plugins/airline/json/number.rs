//! Numbers: integers of any size, and doubles where a fraction or an exponent was written.
//!
//! Integer with integer stays an integer; with a double on either side the result is a double.
//! Comparison is by value.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive, Zero};

/// A number of JSON, or of an expression.
#[derive(Clone, Debug)]
pub(crate) enum Number {
    Integer(BigInt),
    Double(f64),
}

/// Both numbers in their common kind.
pub(crate) enum Pair<'a> {
    Integers(&'a BigInt, &'a BigInt),
    Doubles(f64, f64),
}

impl Number {
    /// Adds.
    ///
    /// # Errors
    /// An integer that is too large to become a double; so for all arithmetic here.
    pub(crate) fn plus(&self, other: &Number) -> Result<Number, String> {
        Ok(match self.with(other)? {
            Pair::Integers(a, b) => Number::Integer(a + b),
            Pair::Doubles(a, b) => Number::Double(a + b),
        })
    }

    /// Subtracts.
    pub(crate) fn minus(&self, other: &Number) -> Result<Number, String> {
        Ok(match self.with(other)? {
            Pair::Integers(a, b) => Number::Integer(a - b),
            Pair::Doubles(a, b) => Number::Double(a - b),
        })
    }

    /// Multiplies.
    pub(crate) fn times(&self, other: &Number) -> Result<Number, String> {
        Ok(match self.with(other)? {
            Pair::Integers(a, b) => Number::Integer(a * b),
            Pair::Doubles(a, b) => Number::Double(a * b),
        })
    }

    /// Changes the sign; the integer 0 stays 0, the double 0.0 becomes -0.0.
    pub(crate) fn negated(&self) -> Number {
        match self {
            Number::Integer(integer) => Number::Integer(-integer),
            Number::Double(double) => Number::Double(-double),
        }
    }

    /// The nearest double, a tie to the even one.
    pub(crate) fn to_double(&self) -> Result<f64, String> {
        match self {
            Number::Integer(integer) => integer
                .to_f64()
                .filter(|double| double.is_finite())
                .ok_or_else(|| "int too large to convert to float".to_owned()),
            Number::Double(double) => Ok(*double),
        }
    }

    /// Whether the number is an integer or double zero.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Number::Integer(integer) => integer.is_zero(),
            Number::Double(double) => *double == 0.0,
        }
    }

    /// Both numbers in their common kind.
    pub(crate) fn with<'a>(&'a self, other: &'a Number) -> Result<Pair<'a>, String> {
        Ok(match (self, other) {
            (Number::Integer(a), Number::Integer(b)) => Pair::Integers(a, b),
            _ => Pair::Doubles(self.to_double()?, other.to_double()?),
        })
    }
}

impl From<usize> for Number {
    fn from(count: usize) -> Number {
        Number::Integer(count.into())
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Integer(a), Number::Integer(b)) => Some(a.cmp(b)),
            (Number::Double(a), Number::Double(b)) => a.partial_cmp(b),
            (Number::Integer(a), Number::Double(b)) => integer_with_double(a, *b),
            (Number::Double(a), Number::Integer(b)) => {
                integer_with_double(b, *a).map(Ordering::reverse)
            }
        }
    }
}

/// Compares exactly: turning the integer into a double first would make neighbours equal.
fn integer_with_double(integer: &BigInt, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // Only an infinity has no integer part.
    let Some(floor) = BigInt::from_f64(double.floor()) else {
        return 0.0.partial_cmp(&double);
    };
    Some(match integer.cmp(&floor) {
        Ordering::Equal if double.fract() != 0.0 => Ordering::Less,
        order => order,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{parse, plain};
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number {
        parse(text).unwrap().number().unwrap().clone()
    }

    fn shown(number: Number) -> String {
        plain(&number.into())
    }

    #[test]
    fn integers_stay_integers_of_any_size() {
        let large = number("100000000000000000000000000000");
        assert_eq!(shown(large.plus(&number("1")).unwrap()), "100000000000000000000000000001");
        assert_eq!(shown(number("5").minus(&number("7")).unwrap()), "-2");
    }

    #[test]
    fn a_double_makes_the_result_a_double() {
        assert_eq!(shown(number("1").plus(&number("0.5")).unwrap()), "1.5");
        assert_eq!(shown(number("2").times(&number("2.0")).unwrap()), "4.0");
        assert_eq!(shown(number("0.1").plus(&number("0.2")).unwrap()), "0.30000000000000004");
    }

    #[test]
    fn zero_has_a_sign_only_as_a_double() {
        assert_eq!(shown(number("0").negated()), "0");
        assert_eq!(shown(number("0.0").negated()), "-0.0");
    }

    #[test]
    fn comparison_is_by_value() {
        assert_eq!(number("255"), number("255.0"));
        assert!(number("255") < number("255.5"));
        assert!(number("-256") < number("-255.5"));
        assert!(number("-255") > number("-255.5"));
        assert!(number("9007199254740993") > number("9007199254740992.0"));
        assert!(number("9") < number("1e999"));
        assert!(number("-1e999") < number("9"));
    }

    #[test]
    fn a_huge_integer_does_not_become_a_double() {
        let huge = number(&format!("1{}", "0".repeat(400)));
        let failure = huge.plus(&number("0.5")).unwrap_err();
        assert_eq!(failure, "int too large to convert to float");
    }

    proptest! {
        #[test]
        fn comparison_agrees_with_that_of_small_integers(a: i32, b: i32) {
            let (a_double, b_double) = (Number::Double(a.into()), Number::Double(b.into()));
            let (a_integer, b_integer) = (Number::Integer(a.into()), Number::Integer(b.into()));
            prop_assert_eq!(a_integer.partial_cmp(&b_double), a.partial_cmp(&b));
            prop_assert_eq!(a_double.partial_cmp(&b_integer), a.partial_cmp(&b));
        }
    }
}
