//! Spans in OTLP's binary form. The numbers of the fields are those of
//! `opentelemetry/proto/trace/v1/trace.proto` and `common.proto`.

use super::{Attribute, Span, Spans, Value};

/// An `ExportTraceServiceRequest`.
pub(super) fn request(spans: &Spans) -> Vec<u8> {
    let mut resource = Message::default();
    for attribute in &spans.resource {
        resource.message(1, &key_value(attribute));
    }
    let mut scope = Message::default();
    scope.text(1, "timeslip");
    scope.text(2, &spans.version);
    let mut scope_spans = Message::default();
    scope_spans.message(1, &scope);
    for one in &spans.spans {
        scope_spans.message(2, &span(one));
    }
    let mut resource_spans = Message::default();
    resource_spans.message(1, &resource);
    resource_spans.message(2, &scope_spans);
    let mut request = Message::default();
    request.message(1, &resource_spans);
    request.0
}

fn span(span: &Span) -> Message {
    let mut message = Message::default();
    message.bytes(1, &span.trace);
    message.bytes(2, &span.id);
    if let Some(parent) = &span.parent {
        message.bytes(4, parent);
    }
    message.text(5, &span.name);
    message.whole(6, span.kind as u64);
    message.fixed(7, span.begin_ns);
    message.fixed(8, span.end_ns);
    for attribute in &span.attributes {
        message.message(9, &key_value(attribute));
    }
    if let Some(error) = &span.error {
        let mut status = Message::default();
        status.text(2, error);
        status.whole(3, 2);
        message.message(15, &status);
    }
    message
}

fn key_value((key, value): &Attribute) -> Message {
    let mut message = Message::default();
    message.text(1, key);
    message.message(2, &any(value));
    message
}

fn any(value: &Value) -> Message {
    let mut message = Message::default();
    match value {
        Value::Text(text) => message.text(1, text),
        Value::Truth(truth) => message.whole(2, u64::from(*truth)),
        Value::Whole(number) => message.whole(3, *number),
        Value::Decimal(number) => message.fixed(4, number.to_bits()),
        Value::Texts(texts) => {
            let mut list = Message::default();
            for text in texts {
                list.message(1, &any(&Value::Text(text.clone())));
            }
            message.message(5, &list);
        }
    }
    message
}

/// The bytes of a message so far.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn whole(&mut self, field: u64, number: u64) {
        self.number(field << 3);
        self.number(number);
    }

    fn fixed(&mut self, field: u64, bits: u64) {
        self.number(field << 3 | 1);
        self.0.extend(bits.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.number(field << 3 | 2);
        self.number(bytes.len() as u64);
        self.0.extend(bytes);
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: u64, message: &Message) {
        self.bytes(field, &message.0);
    }
}
