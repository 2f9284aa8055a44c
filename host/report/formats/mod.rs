//! A verdict, written for other programs: what pull requests, build services and collections of
//! benchmarks read. One file a format, each made from the verdict alone.

mod bencher;
mod benchmark_action;
mod github_annotations;
mod junit;
mod markdown;
mod sarif;
mod values;

pub use bencher::bencher;
pub use benchmark_action::benchmark_action;
pub use github_annotations::github_annotations;
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;

#[cfg(test)]
mod tests;
