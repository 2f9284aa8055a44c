//! Reads the tables of a layer profile, and says what is wrong with one as a person would.
//!
//! The tables are those that LLMServingSim's profiler writes: comma-separated, times in
//! microseconds, one heading.

use std::path::PathBuf;

use timeslip_timeline::conversation::nearest;

use super::grid::{Grid, Line, Row};
use crate::profile::ProfileError;
use crate::text::count;

/// A table as it was read, and its place for messages.
#[derive(Clone, Debug)]
pub(crate) struct TableFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// How often an operation runs in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runs {
    Layer(u32),
    Step,
}

/// What a table by tokens or by sequences may name; the last field says whether it must.
type Operations = &'static [(&'static str, Runs, bool)];

/// Operations whose time depends on the tokens of a step. A layer has a norm before attention and
/// one before its feed-forward part.
const DENSE: Operations = &[
    ("embedding", Runs::Step, true),
    ("layernorm", Runs::Layer(2), true),
    ("qkv_proj", Runs::Layer(1), true),
    ("qk_norm", Runs::Layer(1), false),
    ("rotary_emb", Runs::Layer(1), false),
    ("o_proj", Runs::Layer(1), true),
    ("gate_up_proj", Runs::Layer(1), true),
    ("act_fn", Runs::Layer(1), true),
    ("down_proj", Runs::Layer(1), true),
    ("final_layernorm", Runs::Step, true),
];

/// Operations whose time depends on the chats of a step.
const PER_SEQUENCE: Operations = &[("lm_head", Runs::Step, true), ("sampler", Runs::Step, true)];

const ATTENTION: [&str; 5] = ["prefill_chunk", "kv_prefill", "n_decode", "kv_decode", "time_us"];

/// The most points of a grid, far beyond what anybody measures.
const GRID_POINTS_MAX: usize = 1 << 22;

/// The times of attention in one layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AttentionTimes {
    /// By the tokens read and those before them.
    pub(crate) reading: Grid,
    /// By the chats that write and the tokens that each looks back at.
    pub(crate) writing: Grid,
    /// By all four.
    pub(crate) both: Grid,
}

/// The seconds of all dense operations of a step, by its tokens.
pub(crate) fn dense(table: &TableFile, layers: f64) -> Result<Line, ProfileError> {
    operations(table, "tokens", DENSE, layers)
}

/// The seconds of the operations of a step that its chats pass once each, by the chats.
pub(crate) fn per_sequence(table: &TableFile) -> Result<Line, ProfileError> {
    operations(table, "sequences", PER_SEQUENCE, 1.0)
}

fn operations(
    table: &TableFile,
    by: &str,
    known: Operations,
    layers: f64,
) -> Result<Line, ProfileError> {
    let mut lines: Vec<(Vec<f64>, Vec<f64>)> = vec![Default::default(); known.len()];
    for (line, [name, at, time]) in table.rows(["layer", by, "time_us"])? {
        let names = || known.iter().map(|(name, ..)| *name);
        let Some(index) = names().position(|known| known == name) else {
            return Err(table.wrong(line, unknown_layer(name, names())));
        };
        let (at, seconds) = (table.count(line, by, at)?, table.seconds(line, time)?);
        let (points, values) = &mut lines[index];
        if at == 0.0 || points.last().is_some_and(|last| *last >= at) {
            let message = format!(
                "`{by}` of `{name}` must be over 0 and rise from row to row; sort the rows, and \
                 keep one of equal ones"
            );
            return Err(table.wrong(line, message));
        }
        points.push(at);
        values.push(seconds);
    }
    let measured = known.iter().zip(lines).map(|((name, runs, needed), (points, values))| {
        if *needed && points.is_empty() {
            let message = format!("the layer `{name}` is missing; add its rows");
            return Err(table.wrong(1, message));
        }
        let times = match runs {
            Runs::Layer(times) => layers * f64::from(*times),
            Runs::Step => 1.0,
        };
        Ok((Line::new(points, values), times))
    });
    let measured: Vec<(Line, f64)> = measured.collect::<Result<_, ProfileError>>()?;
    let measured = measured.iter().filter(|(line, _)| !line.is_empty());
    Ok(Line::sum(measured.map(|(line, times)| (line, *times))))
}

fn unknown_layer<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("unknown layer `{name}`; did you mean `{near}`?"),
        None => {
            let known: Vec<&str> = known.collect();
            format!(
                "unknown layer `{name}`, so how often a step runs it is not known; known here: {}",
                known.join(", ")
            )
        }
    }
}

/// The times of attention.
pub(crate) fn attention(table: &TableFile) -> Result<AttentionTimes, ProfileError> {
    let (mut reading, mut writing, mut both) = (Vec::new(), Vec::new(), Vec::new());
    let mut before = None;
    for (line, cells) in table.rows(ATTENTION)? {
        let mut at = [0.0; 4];
        for (axis, place) in at.iter_mut().enumerate() {
            *place = table.count(line, ATTENTION[axis], cells[axis])?;
        }
        if before.is_some_and(|before: [f64; 4]| before >= at) {
            let message = "rows must rise by `prefill_chunk`, then `kv_prefill`, `n_decode` and \
                           `kv_decode`; sort the rows, and keep one of equal ones";
            return Err(table.wrong(line, message.to_owned()));
        }
        before = Some(at);
        let row = Row { at, seconds: table.seconds(line, cells[4])? };
        match (at[0] > 0.0, at[2] > 0.0) {
            (true, true) => both.push(row),
            (true, false) => reading.push(row),
            (false, true) => writing.push(row),
            (false, false) => {
                let message = "a row needs a `prefill_chunk` or an `n_decode` over 0; remove it";
                return Err(table.wrong(line, message.to_owned()));
            }
        }
    }
    let grid = |rows: &[Row], what: &str| {
        if rows.is_empty() {
            return Err(table.wrong(1, format!("there is no row with {what} over 0; add some")));
        }
        match Grid::size(rows) {
            ..=GRID_POINTS_MAX => Ok(Grid::of(rows)),
            size => {
                let message = format!(
                    "the counts of its rows make a grid of {} points; measure at the same counts",
                    count(size as u64)
                );
                Err(table.wrong(1, message))
            }
        }
    };
    Ok(AttentionTimes {
        reading: grid(&reading, "`prefill_chunk` alone")?,
        writing: grid(&writing, "`n_decode` alone")?,
        both: grid(&both, "both `prefill_chunk` and `n_decode`")?,
    })
}

impl TableFile {
    /// The rows below the heading, each with its line.
    fn rows<const N: usize>(
        &self,
        columns: [&str; N],
    ) -> Result<Vec<(usize, [&str; N])>, ProfileError> {
        let mut lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        let wanted = columns.join(",");
        let heading = lines.next().map_or("", |(_, heading)| heading);
        let found: Vec<&str> = heading.split(',').map(str::trim).collect();
        if found != columns {
            let message = format!("the columns must be `{wanted}`, not `{heading}`; rename them");
            return Err(self.wrong(1, message));
        }
        let mut rows = Vec::new();
        for (line, text) in lines.filter(|(_, text)| !text.is_empty()) {
            let cells: Vec<&str> = text.split(',').map(str::trim).collect();
            let cells: [&str; N] = cells.try_into().map_err(|cells: Vec<&str>| {
                let message = format!(
                    "a row has {N} values, `{wanted}`, and this one {}; write one for each column",
                    cells.len()
                );
                self.wrong(line, message)
            })?;
            rows.push((line, cells));
        }
        match rows.is_empty() {
            true => Err(self.wrong(1, "the table has no rows; add what was measured".to_owned())),
            false => Ok(rows),
        }
    }

    fn count(&self, line: usize, column: &str, cell: &str) -> Result<f64, ProfileError> {
        cell.parse::<u32>().map(f64::from).map_err(|_| {
            self.wrong(line, format!("`{column}` must be a whole number, not `{cell}`"))
        })
    }

    fn seconds(&self, line: usize, cell: &str) -> Result<f64, ProfileError> {
        match cell.parse::<f64>() {
            Ok(time) if time.is_finite() && time > 0.0 => Ok(time / 1e6),
            _ => {
                let message =
                    format!("`time_us` must be a number of microseconds over 0, not `{cell}`");
                Err(self.wrong(line, message))
            }
        }
    }

    fn wrong(&self, line: usize, message: String) -> ProfileError {
        ProfileError::Invalid { path: self.path.clone(), line, message }
    }
}
