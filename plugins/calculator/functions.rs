//! The functions an expression may call.

const NAMES: [&str; 3] = ["min", "max", "round"];

/// A double has no more decimal digits than this behind the point that mean anything.
const DIGITS_MAX: f64 = 15.0;

/// Applies a function.
///
/// # Errors
/// An unknown name, with the nearest known one, and a wrong number or kind of arguments.
pub(crate) fn apply(name: &str, arguments: &[f64]) -> Result<f64, String> {
    if arguments.iter().any(|argument| !argument.is_finite()) {
        return Err(format!("an argument of {name} is too large for a double"));
    }
    match (name, arguments) {
        ("min", [first, rest @ ..]) => Ok(rest.iter().fold(*first, |a, b| a.min(*b))),
        ("max", [first, rest @ ..]) => Ok(rest.iter().fold(*first, |a, b| a.max(*b))),
        ("round", [value]) => round(*value, 0.0),
        ("round", [value, digits]) => round(*value, *digits),
        ("min" | "max", []) => Err(format!("{name} takes one argument or more")),
        ("round", _) => Err("round takes a number and how many digits to keep".to_owned()),
        _ => Err(unknown(name)),
    }
}

/// Rounds the exact binary value to so many decimals, a tie to the even digit. Writing the number
/// and reading it back does that without the error of multiplying by a power of ten.
fn round(value: f64, digits: f64) -> Result<f64, String> {
    if digits.fract() != 0.0 || !(0.0..=DIGITS_MAX).contains(&digits) {
        return Err(format!(
            "round keeps a whole number of digits from 0 to {DIGITS_MAX}, not {digits}"
        ));
    }
    let text = format!("{value:.*}", digits as usize);
    text.parse().map_err(|_| format!("{value} cannot be rounded"))
}

fn unknown(name: &str) -> String {
    let nearest =
        NAMES.into_iter().min_by_key(|known| strsim::levenshtein(known, name)).unwrap_or("round");
    format!("there is no function {name}; did you mean {nearest}?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_of_the_exact_value() {
        assert_eq!(apply("round", &[2.675, 2.0]), Ok(2.67));
        assert_eq!(apply("round", &[0.125, 2.0]), Ok(0.12));
        assert_eq!(apply("round", &[2.5]), Ok(2.0));
        assert_eq!(apply("round", &[-1234.5678, 1.0]), Ok(-1234.6));
    }

    #[test]
    fn digits_are_a_small_whole_number() {
        assert!(apply("round", &[1.0, 0.5]).is_err());
        assert!(apply("round", &[1.0, -1.0]).is_err());
        assert!(apply("round", &[1.0, 16.0]).is_err());
        assert!(apply("round", &[1.0, f64::NAN]).is_err());
    }

    #[test]
    fn an_unknown_function_names_the_nearest() {
        let error = apply("rond", &[1.0]).unwrap_err();
        assert_eq!(error, "there is no function rond; did you mean round?");
    }
}
