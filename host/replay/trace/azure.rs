//! Azure's LLM inference traces (Patel et al., ISCA '24): CSV with an instant, the tokens of the
//! prompt and those of the reply.

use super::assemble::Row;
use super::plain::{Columns, rows_of};
use super::table::Table;
use crate::error::TraceError;

/// Whether a line is the header of such a file.
pub(super) fn is_header(line: &str) -> bool {
    let mut columns = line.split(',').map(str::trim);
    columns.any(|column| column.eq_ignore_ascii_case("ContextTokens"))
}

pub(super) fn rows(
    file: &str,
    text: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<Row>, TraceError> {
    let table = Table::read(file, text, notes)?;
    let columns = Columns {
        input: table.required(&["ContextTokens"])?,
        output: table.required(&["GeneratedTokens"])?,
        arrival: table.required(&["TIMESTAMP"])?,
        arrival_unit: None,
        session: None,
        gap: None,
    };
    rows_of(&table, &columns)
}
