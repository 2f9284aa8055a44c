//! Performs the steps of an expression on a stack of numbers.

use super::divide::{floor_over, over};
use super::power::power;
use super::read::Step;
use crate::json::Number;

/// Larger integers are refused, since they could compute for minutes. Literals fit.
pub(super) const INTEGER_BITS_MAX: u64 = 16_384;

/// The value of an expression.
///
/// # Errors
/// A division by zero, an integer that is too large, a call of a number.
pub(super) fn evaluate(steps: &[Step]) -> Result<Number, String> {
    let mut stack: Vec<Number> = Vec::new();
    for step in steps {
        let number = match step {
            Step::Push(number) => number.clone(),
            Step::Negate => pop(&mut stack).negated(),
            Step::Call(arguments) => return Err(not_callable(&stack, *arguments)),
            operator => {
                let right = pop(&mut stack);
                let left = pop(&mut stack);
                apply(operator, &left, &right)?
            }
        };
        stack.push(of_bounded_size(number)?);
    }
    Ok(pop(&mut stack))
}

fn apply(operator: &Step, left: &Number, right: &Number) -> Result<Number, String> {
    match operator {
        Step::Plus => left.plus(right),
        Step::Minus => left.minus(right),
        Step::Times => left.times(right),
        Step::Over => over(left, right),
        Step::FloorOver => floor_over(left, right),
        Step::Power => power(left, right),
        Step::Push(_) | Step::Negate | Step::Call(_) => unreachable!("these take no two numbers"),
    }
}

fn pop(stack: &mut Vec<Number>) -> Number {
    stack.pop().expect("every operator has its operands")
}

fn of_bounded_size(number: Number) -> Result<Number, String> {
    match &number {
        Number::Integer(integer) if integer.bits() > INTEGER_BITS_MAX => {
            Err("an integer is too large".to_owned())
        }
        _ => Ok(number),
    }
}

fn not_callable(stack: &[Number], arguments: usize) -> String {
    let kind = match stack.iter().nth_back(arguments) {
        Some(Number::Double(_)) => "float",
        _ => "int",
    };
    format!("'{kind}' object is not callable")
}
