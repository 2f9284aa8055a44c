//! Spans in OTLP's JSON form: identifiers in hexadecimal digits, 64-bit numbers as text.

use serde_json::{Value as Json, json};

use super::{Attribute, Span, Spans, Value};

/// An `ExportTraceServiceRequest`.
pub(super) fn request(spans: &Spans) -> Json {
    let all: Vec<Json> = spans.spans.iter().map(span).collect();
    json!({
        "resourceSpans": [{
            "resource": { "attributes": attributes(&spans.resource) },
            "scopeSpans": [{
                "scope": { "name": "timeslip", "version": spans.version },
                "spans": all,
            }],
        }],
    })
}

fn span(span: &Span) -> Json {
    let mut object = json!({
        "traceId": hexadecimal(&span.trace),
        "spanId": hexadecimal(&span.id),
        "name": span.name,
        "kind": span.kind as u8,
        "startTimeUnixNano": span.begin_ns.to_string(),
        "endTimeUnixNano": span.end_ns.to_string(),
        "attributes": attributes(&span.attributes),
    });
    if let Some(parent) = &span.parent {
        object["parentSpanId"] = json!(hexadecimal(parent));
    }
    if let Some(error) = &span.error {
        object["status"] = json!({ "code": 2, "message": error });
    }
    object
}

fn attributes(attributes: &[Attribute]) -> Json {
    attributes.iter().map(|(key, value)| json!({ "key": key, "value": any(value) })).collect()
}

fn any(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Whole(number) => json!({ "intValue": number.to_string() }),
        Value::Decimal(number) => json!({ "doubleValue": number }),
        Value::Truth(truth) => json!({ "boolValue": truth }),
        Value::Texts(texts) => {
            let values: Vec<Json> =
                texts.iter().map(|text| json!({ "stringValue": text })).collect();
            json!({ "arrayValue": { "values": values } })
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
