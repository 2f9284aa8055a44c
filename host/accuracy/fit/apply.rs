//! Puts fitted figures into profiles.

use timeslip_sim::catalogue::Catalogue;

use super::Values;
use super::knobs::Knob;

/// Where fitted figures come from.
const SOURCE: &str = "Timeslip, fitted to the serving rows of AIConfigurator, commit 095f58a";
/// The date of the rows.
const DATE: &str = "2026-08-21";
const NOTE: &str = "`timeslip hardware calibrate` fits it, from where AIConfigurator's measured \
                    operators put it.";

/// The catalogue with these values; knobs that have none keep what the profiles say.
pub fn applied(catalogue: &Catalogue, knobs: &[Knob], values: &Values) -> Catalogue {
    let mut applied = catalogue.clone();
    for knob in knobs {
        if let Some(value) = values.get(&knob.name()) {
            let (kind, profile) = knob.profile();
            let text = applied.text(kind, profile).expect("a test holds that it is there");
            let text = edited(text, &knob.key, *value);
            applied = applied.with_text(kind, profile, text);
        }
    }
    applied
}

/// A profile's text with another value for a figure, which is added where it is not there.
pub fn edited(text: &str, key: &str, value: f64) -> String {
    let (section, header) = place(key);
    let begins = match &section {
        None => 0,
        Some(chip) => section_of(text, chip).unwrap_or(text.len()),
    };
    let ends = match section {
        None => text.len(),
        Some(_) => after(text, begins, "[[").unwrap_or(text.len()),
    };
    let figure = figure(&header, value);
    let own = format!("\n{header}\n");
    match text[begins..ends].find(&own) {
        Some(at) => {
            let from = begins + at + 1;
            let to = after(text, from + 1, "[").unwrap_or(text.len());
            let gap = if to < text.len() { "\n" } else { "" };
            format!("{}{figure}{gap}{}", &text[..from], &text[to..])
        }
        None => {
            let (before, rest) = text.split_at(ends);
            let rest = if rest.is_empty() { String::new() } else { format!("\n{rest}") };
            format!("{}\n\n{figure}{rest}", before.trim_end())
        }
    }
}

/// To three digits, as it is written.
pub(super) fn rounded(value: f64) -> f64 {
    written(value).parse().expect("what is written is a number")
}

fn written(value: f64) -> String {
    format!("{value:.2e}")
}

/// The chip's section, and the header of the figure's table.
fn place(key: &str) -> (Option<String>, String) {
    match key.strip_prefix("on.").and_then(|rest| rest.split_once('.')) {
        Some((chip, key)) => (Some(chip.to_owned()), format!("[on.{key}]")),
        None => (None, format!("[{key}]")),
    }
}

/// Where the text of a chip's section begins.
fn section_of(text: &str, chip: &str) -> Option<usize> {
    text.find(&format!("[[on]]\nchip = \"{chip}\"\n")).map(|at| at + "[[on]]".len())
}

/// Where the next line begins that starts with `start`.
fn after(text: &str, from: usize, start: &str) -> Option<usize> {
    text[from..].find(&format!("\n{start}")).map(|at| from + at + 1)
}

fn figure(header: &str, value: f64) -> String {
    let value = written(value);
    format!(
        "{header}\nvalue = {value}\nsource = \"{SOURCE}\"\ndate = \"{DATE}\"\nconfidence = \
         \"medium\"\nnote = \"{NOTE}\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOFTWARE: &str = "name = \"s\"\n\n[host]\nvalue = 1\nsource = \"a\"\n\n[[on]]\nchip = \
                            \"a\"\n\n[on.factor]\nvalue = 1\n\n[[on]]\nchip = \"b\"\n\n[on.factor]\n\
                            value = 1\n";

    #[test]
    fn a_figure_is_replaced_where_it_stands() {
        let moved = edited(SOFTWARE, "host", 0.25);
        assert!(moved.starts_with("name = \"s\"\n\n[host]\nvalue = 2.50e-1\n"), "{moved}");
        assert!(moved.contains("\n\n[[on]]\nchip = \"a\"\n"), "{moved}");
        let table: toml::Table = moved.parse().unwrap();
        assert_eq!(table["host"]["confidence"].as_str(), Some("medium"));
    }

    #[test]
    fn a_section_is_told_from_another() {
        let moved: toml::Table = edited(SOFTWARE, "on.b.factor", 3.0).parse().unwrap();
        let value = |index: usize| moved["on"][index]["factor"]["value"].clone();
        assert_eq!(value(0).as_integer(), Some(1));
        assert_eq!(value(1).as_float(), Some(3.0));
    }

    #[test]
    fn what_is_not_there_is_added() {
        let moved: toml::Table = edited(SOFTWARE, "on.a.other", 3.0).parse().unwrap();
        assert_eq!(moved["on"][0]["other"]["value"].as_float(), Some(3.0));
        assert!(moved["on"][1].get("other").is_none());
        let moved: toml::Table = edited("name = \"c\"\n", "a.b", 3.0).parse().unwrap();
        assert_eq!(moved["a"]["b"]["value"].as_float(), Some(3.0));
    }
}
