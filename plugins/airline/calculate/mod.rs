//! The tool `calculate`: exact arithmetic on integers, doubles where a point or a division makes
//! them, and a result rounded to two decimals.

mod divide;
mod evaluate;
mod power;
mod read;

use crate::fault::Fault;
use crate::json::{Number, Object, plain};

/// Longer expressions are refused, since they could compute for minutes.
const CHARACTERS_MAX: usize = 4096;

/// Evaluates the argument `expression`.
///
/// # Errors
/// Characters that no arithmetic has, text that is no expression, and failures of evaluation.
pub(crate) fn calculate(arguments: &Object) -> Result<String, Fault> {
    let expression = arguments.get("expression")?;
    let expression = expression.as_text().ok_or("the expression is not a string")?;
    let allowed = |character: char| "0123456789+-*/(). ".contains(character);
    if !expression.chars().all(allowed) {
        return Err("invalid characters in expression".into());
    }
    if expression.len() > CHARACTERS_MAX {
        return Err(format!("expression is longer than {CHARACTERS_MAX} characters").into());
    }
    let value = evaluate::evaluate(&read::read(expression)?)?;
    let rounded = rounded(value.to_double()?);
    Ok(plain(&Number::Double(rounded).into()))
}

/// Rounded to two decimals on the exact binary value, an exact tie to the even digit.
fn rounded(double: f64) -> f64 {
    // Writing is exact and rounds just so; what was written always reads.
    format!("{double:.2}").parse().unwrap_or(double)
}

#[cfg(test)]
mod tests;
