//! `timeslip view`: a slip, session by session and step by step.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use serde_json::Value;
use timeslip_gate::slip::{Session, Slip};
use timeslip_report::Style;
use timeslip_report::view::{session_view, sessions_view, step_view};

use super::args::ViewArgs;
use crate::exit::{Exit, Failure};
use crate::gate::baseline::read_slip;
use crate::output;

/// Sessions that a list holds.
const SESSIONS_LISTED: usize = 50;

/// Shows what the arguments name, and goes on with a prompt on a terminal.
pub(crate) fn view(args: &ViewArgs) -> Result<Exit, Failure> {
    let slip = read_slip(&args.slip)?;
    let transcript = args.log.as_deref().map(read_transcript).transpose()?.unwrap_or_default();
    let (width, colour) = (output::width(), output::is_coloured());
    let viewer =
        Viewer { slip: &slip, transcript, style: Style { width, colour, ascii: args.ascii } };
    let only = (slip.sessions.len() == 1 || args.step.is_some()).then_some(0);
    let number = args.session.or(only);
    if args.json {
        output::print(&viewer.json(number, args.step)?)?;
        return Ok(Exit::Pass);
    }
    output::print(&viewer.text(number, args.step)?)?;
    let is_asked = io::stdin().is_terminal() && io::stdout().is_terminal() && args.step.is_none();
    if is_asked {
        viewer.walk(number)?;
    }
    Ok(Exit::Pass)
}

/// The lines of a transcript.
fn read_transcript(path: &Path) -> Result<Vec<Value>, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read {shown}: {error}")))?;
    let line = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            Failure::usage(format!(
                "{shown}:{}: this is no line of a transcript: {error}\n  fix: give the file that \
                 `timeslip run --log FILE` wrote",
                number + 1
            ))
        })
    };
    text.lines().enumerate().map(line).collect()
}

struct Viewer<'a> {
    slip: &'a Slip,
    transcript: Vec<Value>,
    style: Style,
}

impl Viewer<'_> {
    fn session(&self, number: usize) -> Result<&Session, Failure> {
        self.slip.sessions.get(number).ok_or_else(|| {
            let sessions = self.slip.sessions.len();
            Failure::usage(format!(
                "there is no session {number}\n  fix: give a number below {sessions}"
            ))
        })
    }

    /// What is shown of a session, of one of its steps, or of all sessions.
    fn text(&self, number: Option<usize>, step: Option<usize>) -> Result<String, Failure> {
        let Some(number) = number else {
            return Ok(sessions_view(self.slip, SESSIONS_LISTED, self.style));
        };
        let session = self.session(number)?;
        let Some(step) = step else {
            return Ok(session_view(session, number, self.style));
        };
        check_step(session, step)?;
        Ok(step_view(session, step, &self.said(number, step), self.style))
    }

    fn json(&self, number: Option<usize>, step: Option<usize>) -> Result<String, Failure> {
        let value = match (number, step) {
            (None, _) => serde_json::json!(self.slip.sessions),
            (Some(number), None) => serde_json::json!(self.session(number)?),
            (Some(number), Some(step)) => {
                let session = self.session(number)?;
                check_step(session, step)?;
                serde_json::json!(session.steps[step])
            }
        };
        Ok(format!("{value:#}\n"))
    }

    /// What was said in a step, each with who or what it is.
    fn said(&self, session: usize, step: usize) -> Vec<(String, String)> {
        let is_it = |line: &&Value| line["session"] == session && line["step"] == step;
        let Some(line) = self.transcript.iter().find(is_it) else {
            return Vec::new();
        };
        let mut said = Vec::new();
        let messages = line["messages"].as_array().into_iter().flatten().map(message);
        said.extend(messages);
        let reply = line.get("reply").map(message);
        said.extend(reply.map(|(who, what)| (format!("reply of the {who}"), what)));
        for key in ["message", "answer", "arguments", "output"] {
            said.extend(line.get(key).map(|value| (key.to_owned(), text_of(value))));
        }
        said
    }

    /// Asks what to show next until nobody wants more.
    fn walk(&self, number: Option<usize>) -> Result<(), Failure> {
        let mut place = Place { session: number.unwrap_or(0), step: None };
        loop {
            output::print(&format!("[session {}] Enter, p, NUMBER, s N, l, q: ", place.session))?;
            let mut line = String::new();
            if io::stdin().lock().read_line(&mut line).unwrap_or(0) == 0 {
                return Ok(());
            }
            let shown = match place.go(line.trim()) {
                Move::Leave => return Ok(()),
                Move::List => self.text(None, None),
                Move::Show => self.text(Some(place.session), place.step),
            };
            // A number that is too large is told, and the walk goes on.
            output::print(&shown.unwrap_or_else(|failure| format!("{failure}\n")))?;
        }
    }
}

fn check_step(session: &Session, step: usize) -> Result<(), Failure> {
    match step < session.steps.len() {
        true => Ok(()),
        false => Err(Failure::usage(format!(
            "the session has no step {step}\n  fix: give a number below {}",
            session.steps.len()
        ))),
    }
}

fn message(message: &Value) -> (String, String) {
    let role = message["role"].as_str().unwrap_or("message").to_owned();
    let mut text = text_of(&message["content"]);
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        text += &format!("\n{}", text_of(call));
    }
    (role, text.trim_start().to_owned())
}

/// A text as it is, and anything else as JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Where a walk stands.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    session: usize,
    step: Option<usize>,
}

#[derive(Debug, PartialEq, Eq)]
enum Move {
    Show,
    List,
    Leave,
}

impl Place {
    fn go(&mut self, word: &str) -> Move {
        match word {
            "q" => return Move::Leave,
            "l" => return Move::List,
            "" => self.step = Some(self.step.map_or(0, |step| step + 1)),
            "p" => self.step = self.step.and_then(|step| step.checked_sub(1)),
            word => {
                let session = word.strip_prefix('s').and_then(|number| number.trim().parse().ok());
                match (session, word.parse()) {
                    (Some(session), _) => *self = Place { session, step: None },
                    (None, Ok(step)) => self.step = Some(step),
                    (None, Err(_)) => {}
                }
            }
        }
        Move::Show
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_goes_on_back_and_elsewhere() {
        let mut place = Place { session: 0, step: None };
        assert_eq!(place.go(""), Move::Show);
        place.go("");
        assert_eq!(place, Place { session: 0, step: Some(1) });
        place.go("p");
        place.go("p");
        assert_eq!(place.step, None, "before the first step stands the session");
        place.go("7");
        assert_eq!(place.step, Some(7));
        place.go("s 3");
        assert_eq!(place, Place { session: 3, step: None });
        assert_eq!((place.go("l"), place.go("q")), (Move::List, Move::Leave));
    }
}
