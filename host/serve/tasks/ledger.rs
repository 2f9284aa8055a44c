//! What `/metrics` says of tasks, in Prometheus' text format.

use std::fmt::Write;

use crate::metrics::histogram::{Histogram, REQUEST_SECONDS};

use super::store::Status;

/// What a server has done since it began.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    /// By [`Status::ALL`]; those that are not over stay 0.
    ended: [u64; Status::ALL.len()],
    /// From the start to the end, in the task's own time.
    end_to_end: Histogram,
    /// Being done, on the computer's clock.
    doing: Histogram,
    /// From the acceptance to the start, on the computer's clock.
    waiting: Histogram,
}

impl Default for Ledger {
    fn default() -> Ledger {
        let seconds = || Histogram::new(REQUEST_SECONDS);
        Ledger {
            accepted: 0,
            refused: 0,
            ended: [0; Status::ALL.len()],
            end_to_end: seconds(),
            doing: seconds(),
            waiting: seconds(),
        }
    }
}

impl Ledger {
    /// A task was begun, so many milliseconds after it was accepted.
    pub(super) fn begun(&mut self, waited_ms: i64) {
        self.waiting.observe(waited_ms.max(0) as f64 / 1e3);
    }

    /// A task was done, in so many seconds.
    pub(super) fn done(&mut self, seconds: f64, e2e_ns: Option<u64>) {
        self.doing.observe(seconds);
        if let Some(e2e_ns) = e2e_ns {
            self.end_to_end.observe(e2e_ns as f64 / 1e9);
        }
    }

    /// A task is over.
    pub(super) fn ended(&mut self, status: Status) {
        self.ended[status as usize] += 1;
    }

    /// What a task takes on average, in whole seconds of the clock; nothing where none was done.
    pub(super) fn seconds_a_task(&self) -> Option<u64> {
        let mean = self.doing.mean().as_nanos().div_ceil(1_000_000_000);
        (mean > 0).then_some(mean)
    }

    /// The page of `/metrics`.
    pub(super) fn page(&self, bench: &str, queued: usize, running: usize) -> String {
        let escaped = bench.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels = format!("bench=\"{escaped}\"");
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, lines: &[(&str, u64)]| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (more, value) in lines {
                let _ = writeln!(text, "{name}{{{labels}{more}}} {value}");
            }
        };
        let (queued, running) = (queued as u64, running as u64);
        family(
            "timeslip:tasks_queued",
            "gauge",
            "Tasks that wait for their turn.",
            &[("", queued)],
        );
        family("timeslip:tasks_running", "gauge", "Tasks that are being done.", &[("", running)]);
        let name = "timeslip:tasks_accepted_total";
        family(name, "counter", "Tasks that were accepted.", &[("", self.accepted)]);
        let name = "timeslip:tasks_refused_total";
        family(
            name,
            "counter",
            "Tasks that were not, since too many waited.",
            &[("", self.refused)],
        );
        let over = Status::ALL.into_iter().filter(|status| status.is_over());
        let over: Vec<(String, u64)> = over
            .map(|status| (format!(",status=\"{}\"", status.word()), self.ended[status as usize]))
            .collect();
        let over: Vec<(&str, u64)> = over.iter().map(|(more, count)| (&**more, *count)).collect();
        family("timeslip:tasks_ended_total", "counter", "Tasks that are over.", &over);
        let histograms = [
            (
                "timeslip:task_e2e_seconds",
                "From start to end, in the task's own time.",
                &self.end_to_end,
            ),
            ("timeslip:task_running_seconds", "Being done, in seconds of the clock.", &self.doing),
            ("timeslip:task_queue_seconds", "Waiting, in seconds of the clock.", &self.waiting),
        ];
        for (name, help, histogram) in histograms {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
            histogram.write(name, &labels, &mut text);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_every_count_with_its_bench() {
        let mut ledger = Ledger { accepted: 3, refused: 1, ..Ledger::default() };
        ledger.begun(20);
        ledger.done(0.5, Some(2_000_000_000));
        ledger.ended(Status::Succeeded);
        ledger.ended(Status::Cancelled);
        let page = ledger.page("air\"line", 1, 2);
        let lines: Vec<&str> = page
            .lines()
            .filter(|line| !line.contains("_bucket{") && !line.starts_with('#'))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        timeslip:tasks_queued{bench="air\"line"} 1
        timeslip:tasks_running{bench="air\"line"} 2
        timeslip:tasks_accepted_total{bench="air\"line"} 3
        timeslip:tasks_refused_total{bench="air\"line"} 1
        timeslip:tasks_ended_total{bench="air\"line",status="succeeded"} 1
        timeslip:tasks_ended_total{bench="air\"line",status="failed"} 0
        timeslip:tasks_ended_total{bench="air\"line",status="cancelled"} 1
        timeslip:task_e2e_seconds_sum{bench="air\"line"} 2
        timeslip:task_e2e_seconds_count{bench="air\"line"} 1
        timeslip:task_running_seconds_sum{bench="air\"line"} 0.5
        timeslip:task_running_seconds_count{bench="air\"line"} 1
        timeslip:task_queue_seconds_sum{bench="air\"line"} 0.02
        timeslip:task_queue_seconds_count{bench="air\"line"} 1
        "#);
    }
}
