//! A measurement in a file, so that a later one can be compared with it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::testbed::Testbed;

/// The name of the format.
pub const SAMPLES_SCHEMA: &str = "timeslip.wall/1";

/// What a program took, run after run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WallSamples {
    /// The format of this file.
    pub schema: String,
    /// What it was measured on.
    pub testbed: Testbed,
    /// The bench's name.
    pub bench: String,
    /// The machines of the bench, joined by `+`.
    pub on: String,
    /// The time of each run by the wall clock, in seconds, in the order of the runs.
    pub seconds: Vec<f64>,
}

/// Why a measurement is not read, or not compared.
#[derive(Debug, thiserror::Error)]
pub enum WallError {
    /// The file cannot be read.
    #[error("cannot read the measurement {file}: {source}")]
    File {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text is no measurement, or a broken one.
    #[error("{file}:{line}:{column}: {reason}; measure again rather than edit the file")]
    Broken {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// It has another format, or none.
    #[error(
        "{file}: this is no measurement that this timeslip ({}) reads: its \"schema\" is {schema}, \
         and it should be \"{SAMPLES_SCHEMA}\"; name another file, or measure again",
        env!("CARGO_PKG_VERSION")
    )]
    OtherFormat {
        /// The file.
        file: String,
        /// What stands there, as JSON.
        schema: String,
    },
    /// A time that no run can take.
    #[error(
        "{file}: run {run} took {seconds} s, and a run takes a positive number of seconds; measure \
         again"
    )]
    NoTime {
        /// The file.
        file: String,
        /// The run, from 1.
        run: usize,
        /// What stands there.
        seconds: f64,
    },
    /// The two were measured on different testbeds.
    #[error(
        "the two were measured on different testbeds ({}), so their times say nothing of the \
         program; measure both on one machine",
        differences.join("; ")
    )]
    OtherTestbed {
        /// Where the testbeds differ.
        differences: Vec<String>,
    },
    /// The two are measurements of different things.
    #[error("the one is a measurement of {base}, the other of {head}; compare like with like")]
    OtherBench {
        /// The bench and its machines.
        base: String,
        /// Those of the other one.
        head: String,
    },
}

/// As much of a measurement as says whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    schema: serde_json::Value,
}

impl WallSamples {
    /// A measurement of a bench.
    pub fn new(testbed: Testbed, bench: &str, on: &str, seconds: Vec<f64>) -> WallSamples {
        WallSamples {
            schema: SAMPLES_SCHEMA.to_owned(),
            testbed,
            bench: bench.to_owned(),
            on: on.to_owned(),
            seconds,
        }
    }

    /// The measurement as JSON text, with a newline at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("samples hold nothing that JSON cannot") + "\n"
    }

    /// Reads a measurement from its file.
    ///
    /// # Errors
    /// When the file cannot be read, and as for [`WallSamples::parse`].
    pub fn read(file: &Path) -> Result<WallSamples, WallError> {
        let name = file.display().to_string();
        match std::fs::read_to_string(file) {
            Ok(text) => WallSamples::parse(&name, &text),
            Err(source) => Err(WallError::File { file: name, source }),
        }
    }

    /// Reads a measurement from the text of a file; `file` is its name for errors.
    ///
    /// # Errors
    /// When the text is no JSON, has another schema, or holds times that no run can take.
    pub fn parse(file: &str, text: &str) -> Result<WallSamples, WallError> {
        let broken = |error| broken(file, &error);
        let head: Head = serde_json::from_str(text).map_err(broken)?;
        if head.schema != SAMPLES_SCHEMA {
            let schema = head.schema.to_string();
            return Err(WallError::OtherFormat { file: file.to_owned(), schema });
        }
        let samples: WallSamples = serde_json::from_str(text).map_err(broken)?;
        let is_time = |seconds: f64| seconds.is_finite() && seconds > 0.0;
        match samples.seconds.iter().position(|seconds| !is_time(*seconds)) {
            None => Ok(samples),
            Some(at) => {
                let (file, seconds) = (file.to_owned(), samples.seconds[at]);
                Err(WallError::NoTime { file, run: at + 1, seconds })
            }
        }
    }

    /// The runs of this and of `head` in pairs, for [`super::compare`]; runs beyond the shorter one
    /// are left out.
    ///
    /// Runs that were measured at two times are no close pairs: the comparison is right as long as
    /// the machine did not change in between, which only measuring in turn makes sure of.
    ///
    /// # Errors
    /// When the two were measured on different testbeds, or are of different benches.
    pub fn pairs_with(&self, head: &WallSamples) -> Result<Vec<(f64, f64)>, WallError> {
        let name = |one: &WallSamples| format!("{} on {}", one.bench, one.on);
        if (&self.bench, &self.on) != (&head.bench, &head.on) {
            return Err(WallError::OtherBench { base: name(self), head: name(head) });
        }
        let differences = self.testbed.differences(&head.testbed);
        if !differences.is_empty() {
            return Err(WallError::OtherTestbed { differences });
        }
        Ok(self.seconds.iter().copied().zip(head.seconds.iter().copied()).collect())
    }
}

fn broken(file: &str, error: &serde_json::Error) -> WallError {
    let (line, column) = (error.line().max(1), error.column().max(1));
    let position = format!(" at line {} column {}", error.line(), error.column());
    let reason = error.to_string();
    let reason = reason.strip_suffix(&position).unwrap_or(&reason).to_owned();
    WallError::Broken { file: file.to_owned(), line, column, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn testbed() -> Testbed {
        Testbed {
            cpu: Some("AMD EPYC 9B14".to_owned()),
            cores: Some(2),
            os: "Debian GNU/Linux 13 (trixie)".to_owned(),
            kernel_arch: "6.12.0 x86_64".to_owned(),
            timeslip: "0.1.0".to_owned(),
        }
    }

    fn samples() -> WallSamples {
        WallSamples::new(testbed(), "airline", "rack", vec![0.25, 0.1 + 0.2])
    }

    fn message(text: &str) -> String {
        WallSamples::parse("wall.json", text).unwrap_err().to_string()
    }

    #[test]
    fn a_measurement_is_read_back_as_it_was_written() {
        insta::assert_snapshot!(samples().to_json(), @r#"
        {
          "schema": "timeslip.wall/1",
          "testbed": {
            "cpu": "AMD EPYC 9B14",
            "cores": 2,
            "os": "Debian GNU/Linux 13 (trixie)",
            "kernel_arch": "6.12.0 x86_64",
            "timeslip": "0.1.0"
          },
          "bench": "airline",
          "on": "rack",
          "seconds": [
            0.25,
            0.30000000000000004
          ]
        }
        "#);
        assert_eq!(WallSamples::parse("wall.json", &samples().to_json()).unwrap(), samples());
    }

    #[test]
    fn other_files_are_told_apart() {
        insta::assert_snapshot!(message("{\"schema\": \"timeslip.slip/1\"}"), @r#"wall.json: this is no measurement that this timeslip (0.1.0) reads: its "schema" is "timeslip.slip/1", and it should be "timeslip.wall/1"; name another file, or measure again"#);
        assert!(message("{}").contains("\"schema\" is null"), "{}", message("{}"));
        assert!(message("[1").starts_with("wall.json:1:"), "{}", message("[1"));
        let error = WallSamples::read(Path::new("no/such/wall.json")).unwrap_err();
        assert!(error.to_string().contains("no/such/wall.json"), "{error}");
    }

    #[test]
    fn a_broken_measurement_is_reported_with_its_line() {
        let text = samples().to_json();
        let lost = message(&text.replace("\"bench\"", "\"bank\""));
        assert!(lost.contains("missing field `bench`"), "{lost}");
        let cut = message(&text[..text.len() / 2]);
        assert!(cut.starts_with("wall.json:") && cut.contains("EOF"), "{cut}");
        insta::assert_snapshot!(message(&text.replace("0.25", "-0.25")), @"wall.json: run 1 took -0.25 s, and a run takes a positive number of seconds; measure again");
    }

    #[test]
    fn only_like_is_compared_with_like() {
        let later = WallSamples { seconds: vec![0.5, 0.6, 0.7], ..samples() };
        assert_eq!(samples().pairs_with(&later).unwrap(), [(0.25, 0.5), (0.1 + 0.2, 0.6)]);
        let other = Testbed { cores: Some(8), ..testbed() };
        let elsewhere = WallSamples { testbed: other, ..samples() };
        insta::assert_snapshot!(samples().pairs_with(&elsewhere).unwrap_err(), @"the two were measured on different testbeds (cores: 2 against 8), so their times say nothing of the program; measure both on one machine");
        let zoo = WallSamples { bench: "zoo".to_owned(), ..samples() };
        insta::assert_snapshot!(samples().pairs_with(&zoo).unwrap_err(), @"the one is a measurement of airline on rack, the other of zoo on rack; compare like with like");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = WallSamples::parse("any", &text);
        }

        #[test]
        fn every_time_is_read_back_as_it_was(
            seconds in proptest::collection::vec(1e-9f64..1e6, 0..20),
        ) {
            let one = WallSamples { seconds, ..samples() };
            proptest::prop_assert_eq!(WallSamples::parse("any", &one.to_json()).unwrap(), one);
        }
    }
}
