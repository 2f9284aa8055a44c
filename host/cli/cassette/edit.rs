//! `timeslip cassette edit`: changes a recording, by options or in an editor.

use serde_json::{Value, json};
use timeslip_report::text::{counted, plain};
use timeslip_words::cassette::{CassetteEdit, Changes, EditedCassette, NewReply, Replacement};

use super::editor::in_editor;
use super::{CassetteEditArgs, lines_listed, print_json, read_bytes};
use crate::exit::{Exit, Failure};
use crate::output;

/// Changes one recording and says what was changed.
pub(super) fn edit(args: &CassetteEditArgs) -> Result<Exit, Failure> {
    let edit = CassetteEdit {
        replacements: args
            .replace
            .iter()
            .map(|text| replacement(text))
            .collect::<Result<_, _>>()?,
        drop_failures: args.drop_failures,
        redact: args.redact,
        replies: args.set_reply.iter().map(|text| new_reply(text)).collect::<Result<_, _>>()?,
    };
    let bytes = read_bytes(&args.file)?;
    if edit.is_empty() {
        return take_from_editor(args, &bytes);
    }
    let file = args.file.display().to_string();
    let edited = edit.apply(&file, &bytes).map_err(Failure::usage)?;
    let written = args.output.as_ref().unwrap_or(&args.file);
    output::write_file(written, edited.text.as_bytes())?;
    let written = written.display().to_string();
    match args.json {
        true => print_json(&facts(&edit, &edited, &written))?,
        false => output::print(&told(&edit, &edited, &written))?,
    }
    Ok(Exit::Pass)
}

fn take_from_editor(args: &CassetteEditArgs, bytes: &[u8]) -> Result<Exit, Failure> {
    let written = args.output.as_ref().unwrap_or(&args.file);
    let shown = plain(&written.display().to_string());
    let changed = in_editor(bytes)?;
    if let Some(changed) = &changed {
        output::write_file(written, changed)?;
    }
    match (args.json, &changed) {
        (true, _) => print_json(&json!({ "file": written, "changed": changed.is_some() }))?,
        (false, Some(_)) => output::print(&format!("{shown}: taken from the editor\n"))?,
        (false, None) => output::print("nothing was changed\n")?,
    }
    Ok(Exit::Pass)
}

fn replacement(text: &str) -> Result<Replacement, Failure> {
    match text.split_once("=>") {
        Some((from, to)) if !from.is_empty() => {
            Ok(Replacement { from: from.to_owned(), to: to.to_owned() })
        }
        _ => Err(Failure::usage(format!("--replace {text}: write FROM=>TO"))),
    }
}

fn new_reply(text: &str) -> Result<NewReply, Failure> {
    let parts = text.split_once('=');
    match parts.and_then(|(chat, text)| Some((chat.trim().parse().ok()?, text))) {
        Some((chat, text)) => Ok(NewReply { chat, text: text.to_owned() }),
        None => Err(Failure::usage(format!(
            "--set-reply {text}: write N=TEXT, with the chat's number as `timeslip cassette show` \
             counts"
        ))),
    }
}

fn told(edit: &CassetteEdit, edited: &EditedCassette, written: &str) -> String {
    let mut text = format!("{}\n", plain(written));
    let mut line = |told: String| text += &format!("  {told}\n");
    for (replacement, changes) in edit.replacements.iter().zip(&edited.replaced) {
        let (from, to) = (plain(&replacement.from), plain(&replacement.to));
        line(format!("replaced {from} => {to}: {}", changes_told(changes)));
    }
    for (reply, at) in edit.replies.iter().zip(&edited.replies) {
        line(format!("chat {} has another reply: line {at}", reply.chat));
    }
    if !edited.dropped.is_empty() {
        let chats = counted(edited.dropped.len() as u64, "failed chat");
        line(format!("took out {chats}: {}", lines_listed(&edited.dropped)));
    }
    if edit.redact {
        line(match edited.redacted.times {
            0 => "nothing looks like a secret".to_owned(),
            _ => format!("took out what looks like a secret: {}", changes_told(&edited.redacted)),
        });
        line("the header says that secrets were taken out".to_owned());
    }
    if edited.left_out_cut_off {
        line("left out the last line, which was cut off".to_owned());
    }
    if !edit.replacements.is_empty() || !edit.replies.is_empty() {
        line("tokens and times stay as they were recorded".to_owned());
    }
    text
}

fn changes_told(changes: &Changes) -> String {
    format!("{}, {}", counted(changes.times as u64, "time"), lines_listed(&changes.lines))
}

fn facts(edit: &CassetteEdit, edited: &EditedCassette, written: &str) -> Value {
    let replaced = edit.replacements.iter().zip(&edited.replaced);
    let replaced = replaced.map(|(replacement, changes)| {
        json!({
            "from": replacement.from,
            "to": replacement.to,
            "times": changes.times,
            "lines": changes.lines,
        })
    });
    let replies = edit.replies.iter().zip(&edited.replies);
    json!({
        "file": written,
        "changed": true,
        "replaced": replaced.collect::<Vec<_>>(),
        "replies": replies
            .map(|(reply, line)| json!({ "chat": reply.chat, "line": line }))
            .collect::<Vec<_>>(),
        "dropped": edited.dropped,
        "redacted": { "times": edited.redacted.times, "lines": edited.redacted.lines },
        "left_out_cut_off": edited.left_out_cut_off,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::examples;

    #[test]
    fn options_that_are_cut_short_are_refused_with_their_form() {
        assert_eq!(replacement("a=>").unwrap().to, "");
        assert_eq!(replacement("a=b=>c=>d").unwrap().to, "c=>d");
        assert!(replacement("=>b").unwrap_err().message.contains("FROM=>TO"));
        assert_eq!(new_reply("2=a=b").unwrap(), NewReply { chat: 2, text: "a=b".to_owned() });
        assert!(new_reply("two=a").unwrap_err().message.contains("N=TEXT"));
    }

    #[test]
    fn all_that_was_changed_is_told() {
        let edit = CassetteEdit {
            replacements: vec![replacement("HAT001=>HAT002").unwrap()],
            drop_failures: true,
            redact: true,
            replies: vec![new_reply("4=None is left.").unwrap()],
        };
        let text = examples::desk().replace("Be kind.", "Be kind to sk-0123456789abcdefghij.");
        let edited = edit.apply("desk.jsonl", text.as_bytes()).unwrap();
        insta::assert_snapshot!(told(&edit, &edited, "desk.jsonl"), @r"
        desk.jsonl
          replaced HAT001 => HAT002: 2 times, lines 6 and 7
          chat 4 has another reply: line 11
          took out 1 failed chat: line 4
          took out what looks like a secret: 1 time, line 2
          the header says that secrets were taken out
          left out the last line, which was cut off
          tokens and times stay as they were recorded
        ");
    }
}
