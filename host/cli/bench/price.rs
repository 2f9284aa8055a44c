//! What tokens cost, as a bench says it.

use timeslip_timeline::price::TokenPrice;

use crate::exit::Failure;

/// The price of `whose` tokens, from the values of its three keys: all of them, or none.
///
/// # Errors
/// When a part is missing, or is no price.
pub(super) fn price(
    place: &str,
    whose: &str,
    values: [Option<f64>; 3],
) -> Result<Option<TokenPrice>, Failure> {
    let keys = [
        "usd_per_million_input_tokens",
        "usd_per_million_cached_input_tokens",
        "usd_per_million_output_tokens",
    ];
    for (key, value) in keys.into_iter().zip(values) {
        if let Some(value) = value.filter(|value| !(value.is_finite() && *value >= 0.0)) {
            let problem = format!("`{key}` must be a number of at least 0, not {value}");
            return Err(Failure::usage(format!("{place}: {problem}")));
        }
    }
    match values {
        [None, None, None] => Ok(None),
        [Some(input), Some(cached), Some(output)] => Ok(Some(TokenPrice {
            usd_per_million_input_tokens: input,
            usd_per_million_cached_input_tokens: cached,
            usd_per_million_output_tokens: output,
        })),
        _ => {
            let given = keys.into_iter().zip(values);
            let missing: Vec<&str> =
                given.filter(|(_, value)| value.is_none()).map(|(key, _)| key).collect();
            Err(Failure::usage(format!(
                "{place}: {whose} has a part of a price\n  fix: add `{}`, or remove the others",
                missing.join("` and `")
            )))
        }
    }
}
