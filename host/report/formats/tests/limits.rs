//! Verdicts of more than a reader takes.

use timeslip_gate::verdict::Verdict;

use super::*;

/// A verdict of many machines, changes and budgets with long texts.
fn large() -> Verdict {
    let mut verdict = examples::machines();
    let mut run = verdict.runs[1].clone();
    run.changes = (0..30).flat_map(|_| run.changes.clone()).collect();
    for change in &mut run.changes {
        change.headline = "東京".repeat(2_000);
        change.details = vec!["|".repeat(5_000); 50];
    }
    run.budgets = (0..30).flat_map(|_| run.budgets.clone()).collect();
    verdict.runs = vec![run; 20];
    verdict
}

#[test]
fn annotations_are_at_most_ten_of_a_kind() {
    let text = github_annotations(&large());
    for kind in ["::error", "::warning"] {
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(kind)).collect();
        assert_eq!(lines.len(), 10);
        assert!(lines[9].contains("more of this kind"), "{}", lines[9]);
    }
    // 20 runs with 30 failing budgets and 60 failing changes each, of which nine are shown.
    assert!(text.contains("title=airline%3A 1791 more of this kind::"), "{text}");
}

#[test]
fn markdown_is_cut_before_it_is_too_long_and_says_so() {
    let text = markdown(&large());
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(text.ends_with("`timeslip check --json` has it all.*\n"), "{text}");
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    assert!(markdown(&examples::failing()).len() < 8_000);
}

#[test]
fn numbers_that_are_none_are_left_out() {
    let mut verdict = examples::failing();
    for pair in &mut verdict.runs[0].metrics {
        (pair.now, pair.before) = (Some(f64::NAN), None);
    }
    for budget in &mut verdict.runs[0].budgets {
        (budget.value, budget.before) = (Some(f64::INFINITY), None);
    }
    assert_eq!((bencher(&verdict), benchmark_action(&verdict)), ("{}\n".into(), "[]\n".into()));
    assert!(!junit(&verdict).contains("NaN") && !junit(&verdict).contains("inf\""));
}
