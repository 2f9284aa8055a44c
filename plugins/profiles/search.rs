//! Ranks profiles by the words of a query.
//!
//! A profile that has more of the query's words comes before one that has fewer. Among equals the
//! one that has them more often wins, where a word in the path or the title counts as much as ten
//! in the text; then the path decides. The score is whole numbers, so the order is the same on
//! every computer.

use serde::Serialize;

/// How many profiles a search gives unless it says otherwise.
pub(crate) const LIMIT_DEFAULT: usize = 5;

/// One word repeated on every line says no more than a few do.
const COUNT_MAX: usize = 5;

/// What a word in the path or title counts.
const HEADING_WEIGHT: usize = 10;

/// Longer lines are cut in excerpts.
const EXCERPT_CHARACTERS_MAX: usize = 160;

/// A profile that matches a query.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Hit {
    /// The profile's path.
    pub(crate) path: String,
    /// Its `name` or `title`; the path where it has neither.
    pub(crate) title: String,
    /// The line with the most words of the query.
    pub(crate) excerpt: String,
}

/// The best matches among `profiles` (path and text), the best first, at most `limit`.
pub(crate) fn search(profiles: &[(String, String)], query: &str, limit: usize) -> Vec<Hit> {
    let mut wanted = words(query);
    wanted.sort_unstable();
    wanted.dedup();
    let mut ranked: Vec<(Score, &(String, String))> = profiles
        .iter()
        .map(|profile| (score(profile, &wanted), profile))
        .filter(|(score, _)| score.words_found > 0)
        .collect();
    ranked.sort_by(|(a, (a_path, _)), (b, (b_path, _))| b.cmp(a).then(a_path.cmp(b_path)));
    ranked
        .into_iter()
        .take(limit)
        .map(|(_, (path, text))| Hit {
            path: path.clone(),
            title: title(text).unwrap_or(path).to_owned(),
            excerpt: excerpt(text, &wanted),
        })
        .collect()
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    words_found: usize,
    weight: usize,
}

fn score((path, text): &(String, String), wanted: &[String]) -> Score {
    let heading = words(&format!("{path} {}", title(text).unwrap_or("")));
    let body = words(text);
    let count = |words: &[String], word: &String| words.iter().filter(|w| *w == word).count();
    let mut score = Score { words_found: 0, weight: 0 };
    for word in wanted {
        let in_heading = count(&heading, word).min(1);
        let in_body = count(&body, word).min(COUNT_MAX);
        score.words_found += usize::from(in_heading + in_body > 0);
        score.weight += in_heading * HEADING_WEIGHT + in_body;
    }
    score
}

/// The words of a text in lower case: runs of letters and digits. A key such as `latency_ns` is
/// two words, so that a query need not know how it is written.
fn words(text: &str) -> Vec<String> {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The string that a line `name = "…"` or `title = "…"` before the first table gives.
fn title(text: &str) -> Option<&str> {
    let head = text.lines().take_while(|line| !line.starts_with('['));
    head.filter_map(|line| line.split_once('='))
        .find(|(key, _)| matches!(key.trim(), "name" | "title"))
        .and_then(|(_, value)| value.trim().strip_prefix('"')?.split('"').next())
}

fn excerpt(text: &str, wanted: &[String]) -> String {
    let found = |line: &str| {
        let words = words(line);
        wanted.iter().filter(|word| words.contains(word)).count()
    };
    // `max_by_key` gives the last of equals; the first is the one a reader expects.
    let best = text.lines().rev().max_by_key(|line| found(line));
    best.unwrap_or("").trim().chars().take(EXCERPT_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn profiles() -> Vec<(String, String)> {
        let profile = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        vec![
            profile(
                "chips/h200.toml",
                "name = \"NVIDIA H200\"\n[memory]\nbandwidth_bytes_per_s = 4.8e12 # HBM3e\n",
            ),
            profile(
                "chips/rubin.toml",
                "title = \"Rubin GPU\"\n[memory]\nkind = \"HBM4\"\nbandwidth_bytes_per_s = 22e12\n",
            ),
            profile("machines/pair.toml", "# two Rubin chips\nchips = 2\n"),
        ]
    }

    fn paths(query: &str) -> Vec<String> {
        let hits = search(&profiles(), query, 10);
        hits.into_iter().map(|hit| hit.path).collect()
    }

    #[test]
    fn more_of_the_words_come_first() {
        assert_eq!(
            paths("rubin memory bandwidth"),
            ["chips/rubin.toml", "chips/h200.toml", "machines/pair.toml"]
        );
    }

    #[test]
    fn a_heading_weighs_more_than_the_text() {
        assert_eq!(paths("RUBIN"), ["chips/rubin.toml", "machines/pair.toml"]);
    }

    #[test]
    fn a_hit_has_title_and_the_line_that_matches_best() {
        let hits = search(&profiles(), "h200 bandwidth hbm3e", 1);
        assert_eq!(
            hits,
            [Hit {
                path: "chips/h200.toml".to_owned(),
                title: "NVIDIA H200".to_owned(),
                excerpt: "bandwidth_bytes_per_s = 4.8e12 # HBM3e".to_owned(),
            }]
        );
    }

    #[test]
    fn a_profile_without_a_name_is_titled_by_its_path() {
        let hits = search(&profiles(), "two", 10);
        assert_eq!(hits[0].title, "machines/pair.toml");
    }

    #[test]
    fn nothing_matches_nothing() {
        assert!(paths("").is_empty());
        assert!(paths("groq").is_empty());
    }

    proptest! {
        #[test]
        fn no_text_panics(path in "\\PC{0,9}", text in "[\\PC\n=\"\\[]{0,60}", query in "\\PC{0,9}") {
            search(&[(path, text)], &query, 3);
        }
    }
}
