//! Single steps, as AISimulate publishes them for four Rubin GPUs that serve GLM-5.2 in NVFP4.

use super::Format;
use super::table::Cells;
use crate::error::MeasurementError;
use crate::row::{Asked, Metric, Phase, Row, StatedFormats, StatedStep};

pub(super) const FORMAT: Format = Format {
    about: "measured steps",
    known_by: &["phase", "past_kv_per_req"],
    required: &["phase", "batch", "new_tokens_per_req", "past_kv_per_req", "measured_ms"],
    read,
};

/// What the published rows were measured on; a file of others names it in columns.
const SYSTEM: &str = "rubin";
const MODEL: &str = "GLM-5.2-NVFP4";
const CHIPS: u64 = 4;

fn read(cells: &Cells<'_>) -> Result<Row, MeasurementError> {
    let text = |column| cells.text(column).map(str::to_owned);
    let phase = match cells.text("phase") {
        Some("prefill") => Phase::Prefill,
        Some("decode") => Phase::Decode,
        Some(_) => return Err(cells.wrong("phase", "is neither `prefill` nor `decode`")),
        None => cells.needed("phase", None)?,
    };
    let step = StatedStep {
        phase,
        batch: cells.needed("batch", cells.count("batch")?)?,
        new_tokens: cells.needed("new_tokens_per_req", cells.count("new_tokens_per_req")?)?,
        past_tokens: cells.needed("past_kv_per_req", cells.whole("past_kv_per_req")?)?,
        tensor: cells.count("tp_size")?.unwrap_or(CHIPS),
    };
    let word = if phase == Phase::Prefill { "prefill" } else { "decode" };
    let named = format!("{word} {} x {} after {}", step.batch, step.new_tokens, step.past_tokens);
    let measured = cells.needed("measured_ms", cells.positive("measured_ms")?)?;
    Ok(Row {
        line: cells.line,
        id: text("id").unwrap_or(named),
        system: text("system").unwrap_or_else(|| SYSTEM.to_owned()),
        model: text("model_path").unwrap_or_else(|| MODEL.to_owned()),
        software: text("backend").or_else(|| Some("sglang".to_owned())),
        formats: StatedFormats { precision: text("precision"), ..StatedFormats::default() },
        asked: Asked::Step(step),
        measured: vec![(Metric::Step, measured)],
    })
}
