//! Server-sent events (WHATWG HTML, "Server-sent events"), read from bytes that come in pieces.
//!
//! [`SseReader`] knows nothing of sockets and of JSON. It gives the same events, and the same
//! error, wherever the bytes are cut. It differs from a browser in three ways: bytes that are not
//! UTF-8 are an error, since a replaced letter would be a wrong reply; lines and events have a
//! limit; `id` and `retry` are not kept, since a reply is never resumed.

/// Limits on what a server may send without a break, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SseLimits {
    /// The longest line, its end not counted.
    pub line_bytes: usize,
    /// The most data of one event.
    pub event_bytes: usize,
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// The event's name; empty where the server gives none.
    pub name: String,
    /// The data lines, joined by line feeds.
    pub data: String,
}

impl SseEvent {
    /// Whether this is how OpenAI's servers end a stream.
    pub fn is_done(&self) -> bool {
        self.data.trim() == "[DONE]"
    }
}

/// Why bytes are no events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// A replaced letter would be a wrong reply.
    #[error("byte {offset} of the stream is not UTF-8")]
    NotUtf8 {
        /// The first bad byte, counted from 0.
        offset: u64,
    },
    /// The line may never end.
    #[error("a line of the stream is longer than {limit} bytes")]
    LongLine {
        /// The limit.
        limit: usize,
    },
    /// The event may never end.
    #[error("an event of the stream is longer than {limit} bytes")]
    LongEvent {
        /// The limit.
        limit: usize,
    },
}

/// Makes events of bytes.
#[derive(Clone, Debug)]
pub struct SseReader {
    limits: SseLimits,
    /// The line that is still to end.
    line: Vec<u8>,
    /// How many bytes of the stream came before that line.
    line_offset: u64,
    /// Whether the last byte was a carriage return: a line feed that follows belongs to it.
    after_carriage_return: bool,
    /// The event that is still to end, and whether it has data: an empty data line is some.
    event: SseEvent,
    has_data: bool,
    failed: Option<SseError>,
}

impl SseReader {
    /// A reader at the beginning of a stream.
    pub fn new(limits: SseLimits) -> SseReader {
        SseReader {
            limits,
            line: Vec::new(),
            line_offset: 0,
            after_carriage_return: false,
            event: SseEvent::default(),
            has_data: false,
            failed: None,
        }
    }

    /// Reads the next bytes and adds the events that end in them to `events`; those before an error
    /// are added too.
    ///
    /// # Errors
    /// As [`SseError`] says. What was wrong once stays wrong: later bytes give the same error.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<SseEvent>) -> Result<(), SseError> {
        match self.failed {
            Some(error) => Err(error),
            None => self.read(bytes, events).inspect_err(|error| self.failed = Some(*error)),
        }
    }

    /// Whether the stream may end here: between two events.
    pub fn is_between_events(&self) -> bool {
        self.line.is_empty() && !self.has_data && self.failed.is_none()
    }

    fn read(&mut self, mut bytes: &[u8], events: &mut Vec<SseEvent>) -> Result<(), SseError> {
        while !bytes.is_empty() {
            if self.after_carriage_return {
                self.after_carriage_return = false;
                if let [b'\n', rest @ ..] = bytes {
                    self.line_offset += 1;
                    bytes = rest;
                    continue;
                }
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &bytes[..end.unwrap_or(bytes.len())];
            if self.line.len() + part.len() > self.limits.line_bytes {
                return Err(SseError::LongLine { limit: self.limits.line_bytes });
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else {
                break;
            };
            self.after_carriage_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            let line = std::mem::take(&mut self.line);
            self.end_line(&line, events)?;
            self.line_offset += line.len() as u64 + 1;
            self.line = line;
            self.line.clear();
        }
        Ok(())
    }

    fn end_line(&mut self, line: &[u8], events: &mut Vec<SseEvent>) -> Result<(), SseError> {
        let text = std::str::from_utf8(line).map_err(|error| {
            let offset = self.line_offset + error.valid_up_to() as u64;
            SseError::NotUtf8 { offset }
        })?;
        let text = match self.line_offset {
            0 => text.strip_prefix('\u{feff}').unwrap_or(text),
            _ => text,
        };
        if text.is_empty() {
            let event = std::mem::take(&mut self.event);
            if std::mem::take(&mut self.has_data) {
                events.push(event);
            }
            return Ok(());
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => self.add_data(value)?,
            "event" => value.clone_into(&mut self.event.name),
            // An empty field name begins a comment; `id`, `retry` and unknown fields say nothing.
            _ => {}
        }
        Ok(())
    }

    fn add_data(&mut self, value: &str) -> Result<(), SseError> {
        if std::mem::replace(&mut self.has_data, true) {
            self.event.data.push('\n');
        }
        if self.event.data.len() + value.len() > self.limits.event_bytes {
            return Err(SseError::LongEvent { limit: self.limits.event_bytes });
        }
        self.event.data.push_str(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: SseLimits = SseLimits { line_bytes: 40, event_bytes: 60 };

    type Outcome = (Vec<SseEvent>, Option<SseError>, bool);

    fn read_in_pieces<'b>(pieces: impl IntoIterator<Item = &'b [u8]>) -> Outcome {
        let mut reader = SseReader::new(LIMITS);
        let mut events = Vec::new();
        let mut error = None;
        for piece in pieces {
            error = reader.push(piece, &mut events).err();
        }
        (events, error, reader.is_between_events())
    }

    fn data(text: &str) -> Vec<String> {
        let (events, error, _) = read_in_pieces([text.as_bytes()]);
        assert_eq!(error, None, "{text:?}");
        events.into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn lines_end_in_three_ways_and_events_with_an_empty_line() {
        assert_eq!(data("data: a\n\ndata: b\n\n"), ["a", "b"]);
        assert_eq!(data("data: a\r\n\r\ndata: b\r\n\r\n"), ["a", "b"]);
        assert_eq!(data("data: a\r\rdata: b\r\r"), ["a", "b"]);
        assert_eq!(data("data: a\n\n\n\ndata: b\n\n"), ["a", "b"]);
        assert_eq!(data("data: a\n\ndata: b\n"), ["a"]);
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        assert_eq!(data("data: one\ndata:two\ndata:  three\n\n"), ["one\ntwo\n three"]);
        assert_eq!(data(": keep alive\n\ndata: a\n: more\nid: 7\nretry: 5\nother\n\n"), ["a"]);
        assert_eq!(data("data\n\n"), [""]);
        assert_eq!(data("data\ndata\n\n"), ["\n"]);
        assert_eq!(data("\u{feff}data: a\n\n"), ["a"]);
        assert_eq!(data("event: ping\n\ndata: a\n\n"), ["a"]);
        let (events, _, _) = read_in_pieces([b"event: error\ndata: {}\n\n".as_slice()]);
        assert_eq!(events, [SseEvent { name: "error".to_owned(), data: "{}".to_owned() }]);
        assert!(SseEvent { name: String::new(), data: "[DONE] ".to_owned() }.is_done());
    }

    #[test]
    fn the_reader_knows_whether_a_stream_ends_between_events() {
        let is_between = |text: &str| read_in_pieces([text.as_bytes()]).2;
        assert!(is_between(""));
        assert!(is_between("data: a\n\n"));
        assert!(is_between("data: a\r\r\n: comment\n"));
        assert!(!is_between("data: a\n"));
        assert!(!is_between("data: a\n\nda"));
    }

    #[test]
    fn what_is_no_text_is_told_by_its_place_and_stays_wrong() {
        let bytes = b"data: a\r\n\r\ndata: \xff\n\ndata: b\n\n";
        let (events, error, _) = read_in_pieces([bytes.as_slice(), b"data: c\n\n"]);
        assert_eq!(events.len(), 1);
        assert_eq!(error, Some(SseError::NotUtf8 { offset: 17 }));
    }

    #[test]
    fn a_line_or_an_event_without_end_is_cut_off() {
        let line = "data: ".to_owned() + &"x".repeat(35);
        let (_, error, _) = read_in_pieces([line.as_bytes()]);
        assert_eq!(error, Some(SseError::LongLine { limit: 40 }));
        let lines = format!("data: {}\n", "x".repeat(30)).repeat(2);
        let (_, error, _) = read_in_pieces([lines.as_bytes()]);
        assert_eq!(error, Some(SseError::LongEvent { limit: 60 }));
        let longest = format!("data: {}\n\n", "x".repeat(34));
        assert_eq!(data(&longest), ["x".repeat(34)]);
    }

    /// Bytes near to a stream: its words in any order, with now and then a byte of any kind.
    fn streams() -> impl Strategy<Value = Vec<u8>> {
        let words = prop_oneof![
            8 => prop::sample::select(vec![
                "data: ", "data:", "event: x", "\n", "\n\n", "\r", "\r\n", ":", " ", "ä", "🙂",
                "\u{feff}", "{\"a\":1}", "[DONE]", "data: 12345678901234567890\n",
            ]).prop_map(|word| word.as_bytes().to_vec()),
            1 => any::<u8>().prop_map(|byte| vec![byte]),
        ];
        prop::collection::vec(words, 0..40).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn events_do_not_depend_on_where_the_bytes_are_cut(
            stream in streams(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let whole = read_in_pieces([stream.as_slice()]);
            prop_assert_eq!(&read_in_pieces(stream.chunks(1)), &whole);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]);
            prop_assert_eq!(&read_in_pieces(pieces), &whole);
        }

        #[test]
        fn what_is_written_is_read(
            texts in prop::collection::vec("[a-zä ]{0,8}(\n[a-z]{0,8}){0,2}", 0..8),
        ) {
            let mut stream = String::new();
            for text in &texts {
                for line in text.split('\n') {
                    stream.push_str(&format!("data: {line}\r\n"));
                }
                stream.push_str("\r\n");
            }
            prop_assert_eq!(data(&stream), texts);
        }
    }
}
