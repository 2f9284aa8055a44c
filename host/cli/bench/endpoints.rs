//! The real servers of a bench: `[[endpoint]]`, and the one that the command line names.

use std::path::PathBuf;

use timeslip_live::body::LimitField;
use timeslip_live::settings::{Api, Limits, Proxy, Retries, Timeouts};
use timeslip_live::{Delivery, KeySource, Settings};
use timeslip_timeline::time::Span;

use super::endpoint_file::{ApiKey, EndpointTable, LimitFieldKey, ProxyKey};
use super::price::price;
use super::resolve::Reader;
use crate::exit::Failure;
use crate::live::EndpointPlan;
use crate::live::args::{ApiChoice, LiveArgs};

/// The servers that a bench names.
pub(super) fn endpoints(
    reader: &Reader<'_>,
    tables: &[EndpointTable],
) -> Result<Vec<EndpointPlan>, Failure> {
    let mut plans: Vec<EndpointPlan> = Vec::new();
    for table in tables {
        let place = reader.text.place_of(&table.name);
        let wrong = |problem: String| Failure::usage(format!("{place}: {problem}"));
        if table.name.is_empty() || table.name.contains(':') {
            return Err(wrong("an endpoint's `name` is a word without `:`".to_owned()));
        }
        if plans.iter().any(|plan| plan.name == table.name) {
            return Err(wrong(format!(
                "two endpoints are named `{}`; give one another name",
                table.name
            )));
        }
        let settings = settings(reader, table)?;
        let prices = [
            table.usd_per_million_input_tokens,
            table.usd_per_million_cached_input_tokens,
            table.usd_per_million_output_tokens,
        ];
        plans.push(EndpointPlan {
            name: table.name.clone(),
            place: place.clone(),
            model: table.model.clone(),
            settings,
            delivery: delivery(table.stream.unwrap_or(true)),
            max_output_tokens: table.max_output_tokens,
            price: price(&place, &format!("the endpoint `{}`", table.name), prices)?,
        });
    }
    Ok(plans)
}

/// The server that the command line names, if it does. Its name is its host and port.
pub(crate) fn endpoint_of_command_line(args: &LiveArgs) -> Option<EndpointPlan> {
    let url = args.endpoint.as_deref()?;
    let key = match (&args.key_env, &args.key_file) {
        (Some(variable), _) => KeySource::Environment(variable.clone()),
        (None, Some(file)) => KeySource::File(file.clone()),
        (None, None) => KeySource::None,
    };
    let api = match args.api {
        None | Some(ApiChoice::Chat) => Api::ChatCompletions,
        Some(ApiChoice::Responses) => Api::Responses,
    };
    let settings = Settings { key, api, ..Settings::for_server(url) };
    Some(EndpointPlan {
        // A `:` would begin the model's name.
        name: settings.host_and_port().replace(':', "-"),
        place: "--endpoint".to_owned(),
        model: args.model.clone(),
        settings,
        delivery: delivery(!args.no_stream),
        max_output_tokens: None,
        price: None,
    })
}

fn delivery(stream: bool) -> Delivery {
    match stream {
        true => Delivery::Stream,
        false => Delivery::Whole,
    }
}

fn settings(reader: &Reader<'_>, table: &EndpointTable) -> Result<Settings, Failure> {
    let standard = Settings::for_server(&table.url);
    let file = |path: &String| -> PathBuf {
        reader.folder.on_disk(path).unwrap_or_else(|| PathBuf::from(path))
    };
    let key = match (&table.key_env, &table.key_file) {
        (Some(_), Some(path)) => {
            return Err(Failure::usage(format!(
                "{}: an endpoint has `key_env` or `key_file`, not both",
                reader.text.place_of(path)
            )));
        }
        (Some(variable), None) => KeySource::Environment(variable.clone()),
        (None, Some(path)) => KeySource::File(file(path)),
        (None, None) => KeySource::None,
    };
    let span = |key: &str, value: Option<f64>, standard: Span| -> Result<Span, Failure> {
        Ok(reader.positive(key, value)?.map_or(standard, Span::from_seconds_f64))
    };
    let Timeouts { connect, first_byte, between_chunks, whole } = standard.timeouts;
    let Retries { pause, retry_after_max, .. } = standard.retries;
    Ok(Settings {
        key,
        api: match table.api {
            ApiKey::ChatCompletions => Api::ChatCompletions,
            ApiKey::Responses => Api::Responses,
        },
        limit_field: match table.limit_field {
            LimitFieldKey::MaxTokens => LimitField::MaxTokens,
            LimitFieldKey::MaxCompletionTokens => LimitField::MaxCompletionTokens,
        },
        timeouts: Timeouts {
            connect: span("connect_seconds", table.connect_seconds, connect)?,
            first_byte: span("first_byte_seconds", table.first_byte_seconds, first_byte)?,
            between_chunks: span(
                "between_chunks_seconds",
                table.between_chunks_seconds,
                between_chunks,
            )?,
            whole: span("whole_seconds", table.whole_seconds, whole)?,
        },
        limits: Limits {
            calls: table.calls_at_once.unwrap_or(standard.limits.calls),
            ..standard.limits
        },
        retries: Retries {
            retries: table.retries.unwrap_or(standard.retries.retries),
            pause: span("retry_pause_seconds", table.retry_pause_seconds, pause)?,
            retry_after_max: span(
                "retry_after_seconds_max",
                table.retry_after_seconds_max,
                retry_after_max,
            )?,
            ..standard.retries
        },
        certificates: table.certificates.as_ref().map(file),
        proxy: match table.proxy {
            ProxyKey::Environment => Proxy::Environment,
            ProxyKey::Direct => Proxy::Direct,
        },
        ..standard
    })
}
