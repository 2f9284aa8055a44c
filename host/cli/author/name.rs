//! The names of projects: what files, packages and identifiers of every language can be made of.

/// The longest name, in characters.
const LENGTH_MAX: usize = 64;

/// Words that some language keeps for itself, or that files of every project have.
const TAKEN: [&str; 37] = [
    "agent", "async", "await", "break", "build", "class", "const", "continue", "default", "enum",
    "export", "extern", "for", "func", "function", "go", "if", "import", "in", "let", "main",
    "module", "new", "package", "return", "sdk", "self", "static", "struct", "super", "switch",
    "target", "test", "tool", "type", "while", "yield",
];

/// A project's name, in the forms that templates ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    name: String,
}

impl Name {
    /// Takes a name.
    ///
    /// # Errors
    /// A sentence on what is wrong with it, and a name that would do.
    pub(super) fn new(name: &str) -> Result<Name, String> {
        let problem = if name.is_empty() {
            "a project needs a name".to_owned()
        } else if name.chars().count() > LENGTH_MAX {
            format!("`{name}` has more than {LENGTH_MAX} characters")
        } else if !has_right_form(name) {
            format!(
                "`{name}` is no project's name: it begins with a letter, and goes on with \
                 lower-case letters, digits and single hyphens"
            )
        } else if TAKEN.contains(&name) || name.starts_with("timeslip") {
            format!("`{name}` is taken: it means something to a language or to Timeslip itself")
        } else {
            return Ok(Name { name: name.to_owned() });
        };
        let near = nearest_right(name);
        Err(format!("{problem}\n  fix: say `{near}`, or another name"))
    }

    /// The name.
    pub(super) fn as_str(&self) -> &str {
        &self.name
    }

    /// Puts the name where a template says `{{name}}`, and for identifiers `{{name_snake}}` or
    /// `{{name_pascal}}`.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("{{name}}", &self.name)
            .replace("{{name_snake}}", &self.name.replace('-', "_"))
            .replace("{{name_pascal}}", &pascal(&self.name))
    }
}

fn has_right_form(name: &str) -> bool {
    let is_right = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(is_right)
        && !name.ends_with('-')
        && !name.contains("--")
}

/// A name that would do in place of another.
fn nearest_right(name: &str) -> String {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let begins = c.is_ascii_uppercase() && before.is_ascii_lowercase();
        if begins || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric() {
            words.last_mut().expect("there is one").push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    let joined = words.join("-");
    let from_letter = joined.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let short: String = from_letter.chars().take(LENGTH_MAX).collect();
    let near = short.trim_end_matches('-');
    match near.is_empty() || TAKEN.contains(&near) || near.starts_with("timeslip") {
        true => format!("my-{}", if near.is_empty() { "agent" } else { near }),
        false => near.to_owned(),
    }
}

fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    };
    name.split('-').map(word).collect::<Vec<String>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> String {
        Name::new(name).unwrap_err()
    }

    #[test]
    fn a_name_that_will_not_do_is_met_with_one_that_does() {
        insta::assert_snapshot!(refusal("My Agent"), @r"
        `My Agent` is no project's name: it begins with a letter, and goes on with lower-case letters, digits and single hyphens
          fix: say `my-agent`, or another name
        ");
        insta::assert_snapshot!(refusal("weatherAgent_2"), @r"
        `weatherAgent_2` is no project's name: it begins with a letter, and goes on with lower-case letters, digits and single hyphens
          fix: say `weather-agent-2`, or another name
        ");
        insta::assert_snapshot!(refusal("2-fast"), @r"
        `2-fast` is no project's name: it begins with a letter, and goes on with lower-case letters, digits and single hyphens
          fix: say `fast`, or another name
        ");
        insta::assert_snapshot!(refusal(""), @r"
        a project needs a name
          fix: say `my-agent`, or another name
        ");
        insta::assert_snapshot!(refusal("async"), @r"
        `async` is taken: it means something to a language or to Timeslip itself
          fix: say `my-async`, or another name
        ");
        insta::assert_snapshot!(refusal("timeslip-sdk"), @r"
        `timeslip-sdk` is taken: it means something to a language or to Timeslip itself
          fix: say `my-timeslip-sdk`, or another name
        ");
        for wrong in ["-a", "a-", "a--b", "a/b", "ä", "A", "a.b", "żółć"] {
            let said = refusal(wrong);
            let (_, near) = said.split_once("say `").unwrap();
            let near = near.split('`').next().unwrap();
            Name::new(near).unwrap_or_else(|said| panic!("{wrong}: {said}"));
        }
        assert!(refusal(&"a".repeat(65)).contains("more than 64"));
    }

    #[test]
    fn a_name_takes_the_forms_that_templates_ask_for() {
        let name = Name::new("ticket-desk-2").unwrap();
        let text = "{{name}} {{name_snake}} {{name_pascal}} {{other}}";
        assert_eq!(name.fill(text), "ticket-desk-2 ticket_desk_2 TicketDesk2 {{other}}");
    }
}
