//! The answers on a terminal.

use std::fmt;

use super::page::number;
use super::{CONTEXTS, Pair, Reach};
use crate::text::{columns, count};

impl fmt::Display for Reach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = number(self.question.target_tokens_per_second);
        let reaching = self.timed().filter(|pair| pair.reaches()).count();
        writeln!(
            out,
            "{target} tokens/s for each user: {reaching} of {} pairs of a machine and a model reach it\n",
            self.timed().count()
        )?;
        let mut heading = vec!["MACHINE".to_owned(), "MODEL".to_owned()];
        heading.extend(CONTEXTS.map(count));
        heading.push(format!("AT {}", count(CONTEXTS[0])));
        let mut rows = vec![heading];
        rows.extend(self.timed().map(row));
        write!(out, "{}", columns(&rows, &[2, 3, 4, 5]))?;
        writeln!(
            out,
            "  under each context, the largest batch of a group in which all users get the target: \
             + ended by\n  memory for KV, = by the chats of a step; below 1 the part of it that a user \
             gets who is alone;\n  – no such context. ° nothing measured, ~ an estimate as a whole, = \
             stated times"
        )?;
        let refused = self.pairs.iter().filter_map(|pair| Some((pair, pair.refused.as_ref()?)));
        for (index, (pair, reason)) in refused.enumerate() {
            if index == 0 {
                writeln!(out, "\nNOT SERVED")?;
            }
            writeln!(out, "  {}, {}: {reason}", pair.machine, pair.model)?;
        }
        match self.cancelled.as_slice() {
            [] => Ok(()),
            names => writeln!(out, "\nCancelled, and so left out: {}", names.join(", ")),
        }
    }
}

fn row(pair: &Pair) -> Vec<String> {
    let mark = pair.evidence.mark();
    let mut cells = vec![format!("{mark:1} {}", pair.machine), pair.model.clone()];
    cells.extend(pair.contexts.iter().map(|at| at.cell()));
    cells.push(pair.slower().map_or_else(|| pair.first_limit(), |slower| slower.longest.words()));
    cells
}
