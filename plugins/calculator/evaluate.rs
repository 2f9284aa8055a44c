//! Reads and evaluates an expression in one pass, by recursive descent.
//!
//! ```text
//! sum     = product { ("+" | "-") product }
//! product = sign { ("*" | "/") sign }
//! sign    = { "+" | "-" } atom
//! atom    = number | name "(" sum { "," sum } ")" | "(" sum ")"
//! ```

use crate::functions;

/// Parentheses deeper than this are refused, so that no text can exhaust the stack.
const DEPTH_MAX: usize = 100;

/// The value of an expression.
///
/// # Errors
/// Text that is not an expression, with the position of the fault counted from 1; a division by
/// zero; a result that is not a finite number.
pub(crate) fn evaluate(text: &str) -> Result<f64, String> {
    let mut reader = Reader { characters: text.chars().collect(), position: 0, depth: 0 };
    let value = reader.sum()?;
    match reader.peek() {
        Some(_) => Err(reader.unexpected("an operator or the end")),
        None if value.is_finite() => Ok(value),
        None => Err("the result is too large for a double".to_owned()),
    }
}

struct Reader {
    characters: Vec<char>,
    position: usize,
    depth: usize,
}

impl Reader {
    fn sum(&mut self) -> Result<f64, String> {
        let mut value = self.product()?;
        loop {
            if self.take('+') {
                value += self.product()?;
            } else if self.take('-') {
                value -= self.product()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self) -> Result<f64, String> {
        let mut value = self.sign()?;
        loop {
            if self.take('*') {
                value *= self.sign()?;
            } else if self.take('/') {
                let position = self.position;
                let divisor = self.sign()?;
                if divisor == 0.0 {
                    return Err(format!("division by zero at character {position}"));
                }
                value /= divisor;
            } else {
                return Ok(value);
            }
        }
    }

    fn sign(&mut self) -> Result<f64, String> {
        let mut negative = false;
        loop {
            if self.take('-') {
                negative = !negative;
            } else if !self.take('+') {
                let value = self.atom()?;
                return Ok(if negative { -value } else { value });
            }
        }
    }

    fn atom(&mut self) -> Result<f64, String> {
        match self.peek() {
            Some('(') => self.nested(|reader| {
                reader.expect('(')?;
                let value = reader.sum()?;
                reader.expect(')')?;
                Ok(value)
            }),
            Some('0'..='9' | '.') => self.number(),
            Some(first) if first.is_ascii_alphabetic() => self.nested(Reader::function),
            _ => Err(self.unexpected("a number, a function or a parenthesis")),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Reader) -> Result<f64, String>,
    ) -> Result<f64, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("parentheses are nested deeper than {DEPTH_MAX}"));
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn function(&mut self) -> Result<f64, String> {
        let name = self.run_of(|character| character.is_ascii_alphanumeric() || character == '_');
        self.expect('(')?;
        let mut arguments = Vec::new();
        if !self.take(')') {
            arguments.push(self.sum()?);
            while self.take(',') {
                arguments.push(self.sum()?);
            }
            self.expect(')')?;
        }
        functions::apply(&name, &arguments)
    }

    /// Digits with a point and an exponent. A letter `e` belongs to the number, and so does the
    /// sign behind it.
    fn number(&mut self) -> Result<f64, String> {
        let start = self.position;
        let mut text = self.run_of(|character| character.is_ascii_digit() || character == '.');
        if matches!(self.characters.get(self.position), Some('e' | 'E')) {
            text.push('e');
            self.position += 1;
            if let Some(sign @ ('+' | '-')) = self.characters.get(self.position) {
                text.push(*sign);
                self.position += 1;
            }
            text += &self.run_of(|character| character.is_ascii_digit());
        }
        text.parse().map_err(|_| format!("{text:?} at character {} is not a number", start + 1))
    }

    fn run_of(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let rest = &self.characters[self.position..];
        let run: String = rest.iter().take_while(|c| belongs(**c)).collect();
        self.position += run.len();
        run
    }

    /// The next character that is not white space.
    fn peek(&mut self) -> Option<char> {
        while self.characters.get(self.position)?.is_whitespace() {
            self.position += 1;
        }
        self.characters.get(self.position).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        match self.take(wanted) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("{wanted:?}"))),
        }
    }

    fn unexpected(&mut self, expected: &str) -> String {
        match self.peek() {
            Some(found) => {
                format!("expected {expected} at character {}, found {found:?}", self.position + 1)
            }
            None => format!("expected {expected} at the end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::evaluate;
    use proptest::prelude::*;

    #[test]
    fn products_bind_tighter_than_sums() {
        assert_eq!(evaluate("2 + 3 * 4"), Ok(14.0));
        assert_eq!(evaluate("(2 + 3) * 4"), Ok(20.0));
    }

    #[test]
    fn operators_of_one_rank_go_from_left_to_right() {
        assert_eq!(evaluate("8 / 4 / 2"), Ok(1.0));
        assert_eq!(evaluate("8 - 4 - 2"), Ok(2.0));
    }

    #[test]
    fn signs_may_be_repeated() {
        assert_eq!(evaluate("-2 * --3"), Ok(-6.0));
        assert_eq!(evaluate("+-+-1"), Ok(1.0));
    }

    #[test]
    fn numbers_may_have_a_point_and_an_exponent() {
        assert_eq!(evaluate("22e12 / .5E+3"), Ok(4.4e10));
        assert_eq!(evaluate("1e-3"), Ok(0.001));
    }

    #[test]
    fn functions_take_expressions() {
        assert_eq!(evaluate("max(1, 2 * 3, min(9, 4)) + round(2.345, 1)"), Ok(8.3));
    }

    #[test]
    fn faults_are_located() {
        let fault = |text| evaluate(text).unwrap_err();
        assert_eq!(
            fault("2 + * 3"),
            "expected a number, a function or a parenthesis at character 5, found '*'"
        );
        assert_eq!(fault("(2 + 3"), "expected ')' at the end");
        assert_eq!(fault("2 3"), "expected an operator or the end at character 3, found '3'");
        assert_eq!(fault("1.2.3"), "\"1.2.3\" at character 1 is not a number");
        assert_eq!(fault("4 / (2 - 2)"), "division by zero at character 3");
        assert_eq!(fault("1e308 * 10"), "the result is too large for a double");
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = "(".repeat(100_000);
        assert_eq!(evaluate(&text).unwrap_err(), "parentheses are nested deeper than 100");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = evaluate(&text);
        }

        #[test]
        fn no_likely_text_panics(text in "[0-9.eE+*/(), a-z-]{0,40}") {
            let _ = evaluate(&text);
        }

        #[test]
        fn sums_are_those_of_the_processor(a in -1e9..1e9f64, b in -1e9..1e9f64) {
            prop_assert_eq!(evaluate(&format!("{a} + {b} * {a}")), Ok(a + b * a));
        }
    }
}
