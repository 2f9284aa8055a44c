//! `timeslip build`: makes the components that a bench names of their sources.

use serde_json::json;

use super::args::BuildArgs;
use super::make::{Built, make};
use crate::bench::Builds;
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::output;

/// Makes all components of a bench.
pub(crate) fn build(args: &BuildArgs) -> Result<Exit, Failure> {
    interrupt::watch();
    let builds = Builds::read(&args.bench)?;
    builds.check_some()?;
    for index in 0..builds.tables.len() {
        let built = make(&builds, index, args.setup)?;
        eprintln!("{}", sentence(&built));
        if args.json {
            output::print(&format!("{}\n", json(&built)))?;
        }
    }
    Ok(Exit::Pass)
}

/// What was made, for people: it holds wall-clock time, so it is no result.
pub(super) fn sentence(built: &Built) -> String {
    format!(
        "built {}: {} of {}, in {:.1} s",
        built.output.display(),
        size(built.bytes),
        built.language.title(),
        built.took.as_secs_f64()
    )
}

fn json(built: &Built) -> serde_json::Value {
    json!({
        "language": built.language.name(),
        "output": built.output.display().to_string().replace('\\', "/"),
        "bytes": built.bytes,
        "digest": built.digest,
        "seconds": (built.took.as_secs_f64() * 1e3).round() / 1e3,
    })
}

/// A size with three digits or four.
fn size(bytes: usize) -> String {
    let kilobytes = bytes as f64 / 1e3;
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{kilobytes:.1} kB"),
        _ => format!("{:.1} MB", kilobytes / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(58_123), "58.1 kB");
        assert_eq!(size(21_700_000), "21.7 MB");
    }
}
