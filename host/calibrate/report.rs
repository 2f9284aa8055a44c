//! A calibration as a person reads it.

use std::fmt::Write as _;

use crate::calibration::{Calibration, KnobReport};
use crate::errors::{Compared, Errors};
use crate::fit::Told;

impl Calibration {
    /// The errors before and after, then the figures, in lines of at most 100 columns.
    pub fn screen(&self) -> String {
        let mut text = format!(
            "{} serving {}, fitted to {} measurements; {} held out\n\n",
            self.machine, self.model, self.fitted, self.held_out
        );
        text += &format!(
            "{:<13}{:<10}{:>6}  {:>16}  {:>16}\n",
            "ABSOLUTE", "PART", "TIMES", "MEDIAN", "P90"
        );
        for row in &self.errors {
            text += &error_line(row);
        }
        text += "\nFITTED\n";
        for knob in self.knobs.iter().filter(|knob| knob.told == Told::Fitted) {
            text += &format!("  {} × {:.3}\n", knob.name, knob.factor);
            for figure in &knob.figures {
                writeln!(
                    text,
                    "    {:<58} {:>9.2e} → {:>8.2e} {}",
                    figure.name, figure.before, figure.after, figure.unit
                )
                .expect("a string takes it");
            }
        }
        let mut others = self.knobs.iter().filter(|knob| knob.told != Told::Fitted).peekable();
        if others.peek().is_some() {
            text += "\nAS THE PROFILE HAS IT\n";
        }
        for knob in others {
            writeln!(text, "  {}: {}", knob.name, reason(knob)).expect("a string takes it");
        }
        for note in &self.notes {
            writeln!(text, "\nnote: {note}").expect("a string takes it");
        }
        text
    }
}

fn error_line(row: &Compared) -> String {
    let part = if row.held_out { "held out" } else { "fitted" };
    let both = |of: fn(&Errors) -> f64| {
        format!("{} → {}", percent(of(&row.before)), percent(of(&row.after)))
    };
    format!(
        "{:<13}{:<10}{:>6}  {:>16}  {:>16}\n",
        row.metric.words(),
        part,
        row.after.count,
        both(|errors| errors.median),
        both(|errors| errors.p90)
    )
}

fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

fn reason(knob: &KnobReport) -> String {
    match &knob.told {
        Told::Fitted => "fitted".to_owned(),
        Told::Unseen => "no measured time rests on it".to_owned(),
        Told::NotApart(other) => format!("these measurements do not tell it from {other}"),
        Told::TooLittle => "these measurements say too little of it".to_owned(),
    }
}
