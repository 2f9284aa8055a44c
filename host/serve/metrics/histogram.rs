//! Counts of values by upper bounds, as Prometheus has them.

use std::fmt::Write;

use timeslip_timeline::time::Span;

/// To the first token. vLLM's bounds.
pub(crate) const TTFT_SECONDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    20.0, 40.0, 80.0, 160.0, 640.0, 2560.0,
];

/// Between tokens. vLLM's bounds, and finer ones below, since machines write in less than 1 ms.
pub(crate) const TOKEN_SECONDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1,
    0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0,
];

/// Of whole requests. vLLM's bounds, and finer ones below.
pub(crate) const REQUEST_SECONDS: &[f64] = &[
    0.001, 0.01, 0.03, 0.1, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0,
    50.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0,
];

/// Of one request: 1, 2 and 5 times the powers of ten.
pub(crate) const TOKENS: &[f64] = &[
    1.0,
    2.0,
    5.0,
    10.0,
    20.0,
    50.0,
    100.0,
    200.0,
    500.0,
    1000.0,
    2000.0,
    5000.0,
    10_000.0,
    20_000.0,
    50_000.0,
    100_000.0,
    200_000.0,
    500_000.0,
    1_000_000.0,
];

/// How late the keeper is.
pub(crate) const LATENESS_SECONDS: &[f64] =
    &[0.00001, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 1.0];

/// Counts of values by upper bounds.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    bounds: &'static [f64],
    /// One for each bound, and one for what is above all.
    counts: Vec<u64>,
    sum: f64,
}

impl Histogram {
    /// Of nothing yet.
    pub(crate) fn new(bounds: &'static [f64]) -> Histogram {
        Histogram { bounds, counts: vec![0; bounds.len() + 1], sum: 0.0 }
    }

    /// Counts a value.
    pub(crate) fn observe(&mut self, value: f64) {
        self.observe_times(value, 1);
    }

    /// Counts a value that came so many times.
    pub(crate) fn observe_times(&mut self, value: f64, times: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.counts[place] += times;
        self.sum += value * times as f64;
    }

    /// The mean of values that are seconds; nothing where there are none.
    pub(crate) fn mean(&self) -> Span {
        let count: u64 = self.counts.iter().sum();
        Span::from_seconds_f64(self.sum / count.max(1) as f64)
    }

    /// Writes it in Prometheus' text format.
    pub(crate) fn write(&self, name: &str, labels: &str, text: &mut String) {
        let mut count = 0;
        let bounds = self.bounds.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (bound, here) in bounds.zip(&self.counts) {
            count += here;
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {count}");
        }
        let _ = writeln!(text, "{name}_sum{{{labels}}} {}", self.sum);
        let _ = writeln!(text, "{name}_count{{{labels}}} {count}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_below_their_bounds_and_bounds_add_up() {
        let mut histogram = Histogram::new(&[0.5, 1.0]);
        histogram.observe(0.5);
        histogram.observe_times(0.75, 2);
        histogram.observe(3.0);
        let mut text = String::new();
        histogram.write("x", "a=\"b\"", &mut text);
        let expected = "x_bucket{a=\"b\",le=\"0.5\"} 1\nx_bucket{a=\"b\",le=\"1\"} 3\n\
                        x_bucket{a=\"b\",le=\"+Inf\"} 4\nx_sum{a=\"b\"} 5\nx_count{a=\"b\"} 4\n";
        assert_eq!(text, expected);
        assert_eq!(histogram.mean(), Span::from_millis(1250));
    }
}
