//! `timeslip export`, and the same flags of `run`: a slip in the formats of other programs.

use std::path::{Path, PathBuf};

use timeslip_gate::slip::Slip;
use timeslip_report::exports::otlp::{EPOCH_NS, Spans};
use timeslip_report::exports::{csv, parquet, prometheus, trace};

use super::args::{ExportArgs, ExportFlags};
use super::post::post;
use crate::exit::{Exit, Failure};
use crate::gate::baseline::read_slip;
use crate::output;

/// Spans that one request to a collector holds: a collector takes 4 MB by default.
const SPANS_A_REQUEST: usize = 2_000;

/// Writes a slip in other formats.
pub(crate) fn export(args: &ExportArgs) -> Result<Exit, Failure> {
    if args.flags.is_empty() {
        return Err(Failure::usage(
            "nothing is asked for\n  fix: add --trace, --otlp, --csv, --parquet or --prometheus",
        ));
    }
    args.flags.check_places()?;
    let slip = read_slip(&args.slip)?;
    args.flags.write(&slip)?;
    Ok(Exit::Pass)
}

impl ExportFlags {
    fn is_empty(&self) -> bool {
        self.files().next().is_none() && self.otlp.is_none()
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        let files = [&self.trace, &self.csv, &self.parquet, &self.prometheus];
        files.into_iter().filter_map(|file| file.as_deref())
    }

    /// Refuses, before anything runs, places that cannot be written to, and an epoch that is none.
    ///
    /// # Errors
    /// When one is a folder, or in none.
    pub(crate) fn check_places(&self) -> Result<(), Failure> {
        self.files().try_for_each(output::check_place)?;
        self.epoch_ns()?;
        match &self.otlp {
            Some(place) if !is_address(place) => output::check_place(Path::new(place)),
            _ => Ok(()),
        }
    }

    /// Writes a slip in all formats that are asked for.
    ///
    /// # Errors
    /// When a file cannot be written, or a collector does not take the spans.
    pub(crate) fn write(&self, slip: &Slip) -> Result<(), Failure> {
        type Format = fn(&Slip) -> Vec<u8>;
        let files: [(&Option<PathBuf>, Format); 4] = [
            (&self.trace, |slip| trace::chrome_trace(slip).into_bytes()),
            (&self.csv, |slip| csv::steps_csv(slip).into_bytes()),
            (&self.parquet, parquet::steps_parquet),
            (&self.prometheus, |slip| prometheus::prometheus(slip).into_bytes()),
        ];
        for (file, format) in files {
            if let Some(file) = file {
                output::write_file(file, &format(slip))?;
            }
        }
        let Some(place) = &self.otlp else { return Ok(()) };
        let spans = Spans::of(slip, self.epoch_ns()?);
        if !is_address(place) {
            return output::write_file(Path::new(place), spans.to_json().as_bytes());
        }
        spans
            .parts(SPANS_A_REQUEST)
            .iter()
            .try_for_each(|part| post(place, "application/x-protobuf", &part.to_protobuf()))
    }

    /// Where the run's clock begins, in nanoseconds since 1970.
    fn epoch_ns(&self) -> Result<u64, Failure> {
        let Some(text) = &self.epoch else { return Ok(EPOCH_NS) };
        let seconds = text.parse::<u64>().ok().or_else(|| seconds_of_day(text));
        seconds.and_then(|seconds| seconds.checked_mul(1_000_000_000)).ok_or_else(|| {
            Failure::usage(format!(
                "--epoch {text}: this is no instant\n  fix: write a day such as 2026-01-31, or \
                 seconds since 1970"
            ))
        })
    }
}

fn is_address(place: &str) -> bool {
    place.starts_with("http://") || place.starts_with("https://")
}

/// The beginning of a day from 1970 on, in UTC.
fn seconds_of_day(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let (year, month, day): (u64, u64, u64) =
        (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    if !(1970..=2500).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let february = if leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = lengths[month as usize - 1];
    if !(1..=length).contains(&day) {
        return None;
    }
    let years: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let months: u64 = lengths[..month as usize - 1].iter().sum();
    Some((years + months + day - 1) * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_seconds_since_1970() {
        assert_eq!(seconds_of_day("1970-01-01"), Some(0));
        assert_eq!(
            seconds_of_day("2026-01-01").map(|seconds| seconds * 1_000_000_000),
            Some(EPOCH_NS)
        );
        assert_eq!(seconds_of_day("2024-02-29"), Some(1_709_164_800));
        for wrong in ["2026-02-29", "2026-13-01", "2026-1", "x", "1969-12-31"] {
            assert_eq!(seconds_of_day(wrong), None, "{wrong}");
        }
    }
}
