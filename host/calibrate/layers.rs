//! Decoder layers that were timed by themselves, as `hardware-profiles/measure/layer.py` writes
//! them.
//!
//! A row is one part of a layer on one chip: the whole `layer`, its matrix products, norms and
//! attention, or what a step does once. Whole layers fit a chip's figures; with all the parts of a
//! step they also make the tables of a layer profile ([`tables`]).

pub mod tables;

use timeslip_accuracy::error::MeasurementError;
use timeslip_accuracy::read::{Cells, Table};
use timeslip_sim::cost::Part;
use timeslip_sim::deployment::Deployment;
use timeslip_sim::profile::Precision;
use timeslip_timeline::conversation::nearest;

/// One timed part of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerRow {
    /// `layer`, or the part of one.
    pub part: String,
    /// What the numbers were held in: `bfloat16`.
    pub dtype: String,
    /// Whether prompts are read; else replies are written.
    pub reads: bool,
    /// Chats.
    pub batch: u64,
    /// Tokens of each chat that pass.
    pub new_tokens: u64,
    /// Tokens of each chat before those.
    pub context_tokens: u64,
    /// The time, over 0.
    pub seconds: f64,
}

/// The rows of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerRows {
    /// When they were measured: the date of the first row.
    pub date: String,
    /// On what.
    pub device: String,
    /// The driver's version.
    pub driver: String,
    /// PyTorch's version.
    pub torch: String,
    /// The model, by the name of its profile.
    pub model: String,
    /// The rows, in the order of the file.
    pub rows: Vec<LayerRow>,
    /// What a person should know of the reading.
    pub notes: Vec<String>,
}

/// Columns that must be there, in the order of a file.
const COLUMNS: [&str; 12] = [
    "date",
    "device",
    "driver",
    "torch",
    "dtype",
    "model",
    "part",
    "phase",
    "batch",
    "new_tokens",
    "context_tokens",
    "time_us",
];

/// The part that is a whole layer.
pub const LAYER: &str = "layer";
/// The part that is attention.
pub(crate) const ATTENTION: &str = "attention";

impl LayerRows {
    /// Reads a table.
    pub(crate) fn of(table: &Table<'_>) -> Result<LayerRows, MeasurementError> {
        if let Some(missing) = COLUMNS.iter().find(|name| !table.has(name)) {
            let problem = format!("the column `{missing}` is missing from measured layers");
            return Err(table.header_error(problem, table.advice(missing)));
        }
        let mut lines = table.lines().peekable();
        let Some(first) = lines.peek() else {
            return Err(table.header_error(
                "there is no row below the header".to_owned(),
                "give it at least one measured row".to_owned(),
            ));
        };
        let text = |column: &str| Ok(first.needed(column, first.text(column))?.to_owned());
        let mut rows = LayerRows {
            date: text("date")?,
            device: text("device")?,
            driver: first.text("driver").unwrap_or("none").to_owned(),
            torch: text("torch")?,
            model: text("model")?,
            rows: Vec::new(),
            notes: Vec::new(),
        };
        for cells in lines {
            for (column, is) in [("device", &rows.device), ("model", &rows.model)] {
                if cells.text(column) != Some(is) {
                    let what =
                        format!("is not the `{is}` of the first row; one file has one {column}");
                    return Err(cells.wrong(column, &what));
                }
            }
            rows.rows.push(row(&cells)?);
        }
        Ok(rows)
    }

    /// Those that a fit of a machine is moved by: whole layers of the model that it serves, in the
    /// format that it holds it in.
    ///
    /// # Errors
    /// When there are none, saying what there is instead.
    pub fn whole_layers_for(&self, deployment: &Deployment) -> Result<LayerRows, String> {
        let model = &deployment.model.name;
        if self.model != *model {
            return Err(format!(
                "the layers are those of `{}`, and the machine serves `{model}`\n  fix: name the \
                 machine as {}:{}",
                self.model, deployment.machine, self.model
            ));
        }
        let format = deployment.serving.linear;
        let fits = |row: &&LayerRow| row.part == LAYER && is_of(&row.dtype, format);
        let rows: Vec<LayerRow> = self.rows.iter().filter(fits).cloned().collect();
        if rows.is_empty() {
            let mut known: Vec<&str> = self.rows.iter().map(|row| row.dtype.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            return Err(format!(
                "there is no row of a whole `{LAYER}` in {}, in which the machine holds the model; \
                 the rows are of {}\n  fix: measure with --dtype {}",
                format.word(),
                known.join(", "),
                dtype_of(format)
            ));
        }
        let mut notes = self.notes.clone();
        let others = self.rows.iter().filter(|row| row.part == LAYER).count() - rows.len();
        if others > 0 {
            notes.push(format!("{others} layers in other formats than {} left out", format.word()));
        }
        Ok(LayerRows { rows, notes, ..self.clone() })
    }
}

fn row(cells: &Cells<'_>) -> Result<LayerRow, MeasurementError> {
    let text = |column: &str| cells.needed(column, cells.text(column));
    let phase = text("phase")?;
    let reads = match phase {
        "prefill" => true,
        "decode" => false,
        _ => return Err(cells.wrong("phase", "is neither `prefill` nor `decode`")),
    };
    let part = text("part")?;
    let known = [LAYER, ATTENTION].into_iter().chain(tables::parts());
    if !known.clone().any(|known| known == part) {
        let advice = match nearest(part, known.clone()) {
            Some(near) => format!("is no part of a layer; did you mean `{near}`?"),
            None => {
                format!("is no part of a layer; known: {}", known.collect::<Vec<_>>().join(", "))
            }
        };
        return Err(cells.wrong("part", &advice));
    }
    let new_tokens = cells.needed("new_tokens", cells.count("new_tokens")?)?;
    if !reads && new_tokens != 1 {
        return Err(cells.wrong("new_tokens", "is not 1, and a reply is written token by token"));
    }
    Ok(LayerRow {
        part: part.to_owned(),
        dtype: text("dtype")?.to_owned(),
        reads,
        batch: cells.needed("batch", cells.count("batch")?)?,
        new_tokens,
        context_tokens: cells.needed("context_tokens", cells.whole("context_tokens")?)?,
        seconds: cells.needed("time_us", cells.positive("time_us")?)? * 1e-6,
    })
}

/// Whether numbers of PyTorch's type are computed with in a format.
fn is_of(dtype: &str, format: Precision) -> bool {
    match format {
        Precision::Bf16 => ["bfloat16", "float16"].contains(&dtype),
        Precision::Fp8 => dtype.starts_with("float8"),
        Precision::Nvfp4 | Precision::Mxfp4 | Precision::Int4 => false,
    }
}

fn dtype_of(format: Precision) -> &'static str {
    match format {
        Precision::Fp8 => "float8",
        _ => "bfloat16, for a machine that holds the model in bf16",
    }
}

impl LayerRow {
    /// What a modelled machine takes for one layer, on average over its layers; `None` where its
    /// steps are not made of layers.
    pub(crate) fn modelled_seconds(&self, deployment: &Deployment) -> Option<f64> {
        let mut work = deployment.no_work();
        for _ in 0..self.batch {
            match self.reads {
                true => work.add_prefill(self.context_tokens, self.new_tokens, true),
                false => work.add_decode(self.context_tokens + 1),
            }
        }
        let cost = match self.reads {
            true => &deployment.reader().cost,
            false => &deployment.writer().cost,
        };
        let mut seconds = 0.0;
        let mut is_of_layers = true;
        cost.terms(&work, &mut |term| match term.part {
            Part::Head | Part::Host | Part::Draft => {}
            Part::Stated => is_of_layers = false,
            _ => seconds += term.seconds,
        });
        (is_of_layers && seconds > 0.0).then(|| seconds / deployment.model.layer_count() as f64)
    }
}

#[cfg(test)]
mod tests;
