//! Which models a server says it has.

use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Request};
use serde::Deserialize;

use crate::client::Client;

/// The most that is read of a list of models. That of the largest router of models has some 600 KB.
const LIST_BYTES_MAX: usize = 8 << 20;

/// `GET /models`, as OpenAI's servers answer it.
#[derive(Deserialize)]
struct ModelList {
    data: Vec<ListedModel>,
}

#[derive(Deserialize)]
struct ListedModel {
    id: String,
}

impl Client {
    /// The names of the server's models, in its order. Asked once, without retries.
    ///
    /// # Errors
    /// Why there is no list, for a person.
    pub async fn models(&self) -> Result<Vec<String>, String> {
        let mut request = Request::new(Method::GET, self.models.clone());
        if let Some(key) = &self.key {
            request.headers_mut().insert(AUTHORIZATION, key.header());
        }
        let timeouts = self.settings.timeouts;
        *request.timeout_mut() = Some(Duration::from_nanos(timeouts.first_byte.as_nanos()));
        let mut response = self.pool.execute(request).await.map_err(|error| {
            let error = crate::connection::broken(&error, 0, timeouts.connect);
            error.to_string()
        })?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!(
                "the server answered {} to a request for its models",
                status.as_u16()
            ));
        }
        let mut body = Vec::new();
        while let Some(piece) =
            response.chunk().await.map_err(|_| "the list of models broke off".to_owned())?
        {
            body.extend_from_slice(&piece);
            if body.len() > LIST_BYTES_MAX {
                return Err("the list of models has no end".to_owned());
            }
        }
        let list: ModelList = serde_json::from_slice(&body)
            .map_err(|error| format!("the list of models cannot be read: {error}"))?;
        Ok(list.data.into_iter().map(|model| model.id).collect())
    }
}
