//! Reads an expression into steps for a stack of numbers.
//!
//! ```text
//! sum     = product { ("+" | "-") product }
//! product = signed { ("*" | "/" | "//") signed }
//! signed  = { "+" | "-" } power
//! power   = called [ "**" signed ]
//! called  = atom { "(" [ sum ] ")" }
//! atom    = number | "(" sum ")"
//! ```
//!
//! The whole text is read before anything is evaluated, so a syntax error wins over a division by
//! zero. Steps need no recursion to evaluate, however long the expression.

use std::str::FromStr;

use num_bigint::BigInt;

use crate::json::Number;

/// Parentheses and powers deeper than this are refused, so that no text can exhaust the stack.
const DEPTH_MAX: usize = 200;

/// Longer integers are refused: reading one takes time with the square of its length.
const INTEGER_DIGITS_MAX: usize = 4300;

/// One step of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Push(Number),
    Negate,
    Plus,
    Minus,
    Times,
    Over,
    FloorOver,
    Power,
    /// A number is called like a function, with so many arguments, which fails once it is reached.
    Call(usize),
}

/// The steps of an expression.
pub(super) fn read(text: &str) -> Result<Vec<Step>, String> {
    let mut reader = Reader { text: text.trim_matches(' '), at: 0, depth: 0, steps: Vec::new() };
    if reader.text.is_empty() {
        return Err("invalid syntax (<string>, line 0)".to_owned());
    }
    reader.sum()?;
    match reader.next() {
        None => Ok(reader.steps),
        Some(b')') => Err("unmatched ')' (<string>, line 1)".to_owned()),
        Some(_) => Err(syntax_error()),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    steps: Vec<Step>,
}

impl Reader<'_> {
    fn sum(&mut self) -> Result<(), String> {
        self.product()?;
        loop {
            let step = match self.next() {
                Some(b'+') => Step::Plus,
                Some(b'-') => Step::Minus,
                _ => return Ok(()),
            };
            self.at += 1;
            self.product()?;
            self.steps.push(step);
        }
    }

    fn product(&mut self) -> Result<(), String> {
        self.signed()?;
        loop {
            self.next();
            let (step, length) = match self.rest() {
                rest if rest.starts_with("//") => (Step::FloorOver, 2),
                rest if rest.starts_with('/') => (Step::Over, 1),
                rest if rest.starts_with('*') => (Step::Times, 1),
                _ => return Ok(()),
            };
            self.at += length;
            self.signed()?;
            self.steps.push(step);
        }
    }

    fn signed(&mut self) -> Result<(), String> {
        let mut negations = 0;
        while let Some(sign @ (b'+' | b'-')) = self.next() {
            self.at += 1;
            negations += usize::from(sign == b'-');
        }
        self.power()?;
        // Two of them are no step less: the sign of a double's zero changes twice.
        self.steps.extend(std::iter::repeat_n(Step::Negate, negations));
        Ok(())
    }

    fn power(&mut self) -> Result<(), String> {
        self.called()?;
        self.next();
        if self.rest().starts_with("**") {
            self.at += 2;
            self.deeper(Reader::signed)?;
            self.steps.push(Step::Power);
        }
        Ok(())
    }

    fn called(&mut self) -> Result<(), String> {
        self.atom()?;
        while self.next() == Some(b'(') {
            self.at += 1;
            let arguments = usize::from(self.next() != Some(b')'));
            if arguments > 0 {
                self.deeper(Reader::sum)?;
            }
            self.close()?;
            self.steps.push(Step::Call(arguments));
        }
        Ok(())
    }

    fn atom(&mut self) -> Result<(), String> {
        match self.next() {
            Some(b'(') => {
                self.at += 1;
                self.deeper(Reader::sum)?;
                self.close()
            }
            Some(b'0'..=b'9' | b'.') => {
                let number = self.number()?;
                self.steps.push(Step::Push(number));
                Ok(())
            }
            Some(b')') if self.depth == 0 => Err("unmatched ')' (<string>, line 1)".to_owned()),
            _ => Err(syntax_error()),
        }
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Result<(), String>) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("too many nested parentheses (<string>, line 1)".to_owned());
        }
        read(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        match self.next() {
            Some(b')') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(syntax_error()),
            None => Err("'(' was never closed (<string>, line 1)".to_owned()),
        }
    }

    /// Digits, perhaps with one point among them or at either end.
    fn number(&mut self) -> Result<Number, String> {
        let start = self.at;
        self.skip_digits();
        let integer = &self.text[start..self.at];
        if self.rest().starts_with('.') {
            self.at += 1;
            self.skip_digits();
            let double = self.text[start..self.at].parse();
            return double.map(Number::Double).map_err(|_| syntax_error());
        }
        if integer.starts_with('0') && integer.bytes().any(|digit| digit != b'0') {
            return Err("leading zeros in decimal integer literals are not permitted \
                        (<string>, line 1)"
                .to_owned());
        }
        if integer.len() > INTEGER_DIGITS_MAX {
            return Err(format!("an integer of {} digits is too long", integer.len()));
        }
        let integer = BigInt::from_str(integer).map_err(|_| syntax_error())?;
        Ok(Number::Integer(integer))
    }

    fn skip_digits(&mut self) {
        while self.rest().starts_with(|next: char| next.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// The next character that is no space. All of an expression is ASCII.
    fn next(&mut self) -> Option<u8> {
        while self.rest().starts_with(' ') {
            self.at += 1;
        }
        self.rest().bytes().next()
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }
}

fn syntax_error() -> String {
    "invalid syntax (<string>, line 1)".to_owned()
}
