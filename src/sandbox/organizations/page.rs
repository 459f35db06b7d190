//! Pages of lists, and what all operations of Organizations say.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::place::AccountId;
use crate::sandbox::wire::ApiError;

/// Of other things a page holds few, so that paging is exercised.
pub(super) const OTHERS: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Page {
    pub(super) next_token: Option<String>,
    max_results: Option<usize>,
}

impl Page {
    pub(super) fn size(&self, most: usize) -> Result<usize, ApiError> {
        let asked = self.max_results.unwrap_or(most);
        let fits = (1..=20).contains(&asked).then_some(asked.min(most));
        fits.ok_or_else(invalid)
    }

    /// One page of a list whose entries have a name each; the token is the last name of the page
    /// before, so that what comes in between shifts nothing.
    pub(super) fn of(
        &self,
        key: &str,
        most: usize,
        mut all: Vec<(String, Value)>,
    ) -> Result<Value, ApiError> {
        let size = self.size(most)?;
        all.sort_by(|one, other| one.0.cmp(&other.0));
        let after = |name: &String| self.next_token.as_ref().is_none_or(|token| name > token);
        let mut rest = all.into_iter().filter(|(name, _)| after(name));
        let page: Vec<(String, Value)> = rest.by_ref().take(size).collect();
        let last = page.last().map(|(name, _)| name.clone());
        let token = last.filter(|_| rest.next().is_some());
        let shown: Vec<Value> = page.into_iter().map(|(_, value)| value).collect();
        Ok(answer(key, shown, token))
    }

    pub(super) fn from(next_token: Option<String>, max_results: Option<usize>) -> Self {
        Self {
            next_token,
            max_results,
        }
    }
}

pub(super) fn answer(key: &str, shown: Vec<Value>, token: Option<String>) -> Value {
    match token {
        Some(token) => json!({key: shown, "NextToken": token}),
        None => json!({key: shown}),
    }
}

pub(super) fn invalid() -> ApiError {
    ApiError::new("InvalidInputException", "You specified an invalid value.")
}

pub(super) fn missing(what: &str, words: &str) -> ApiError {
    let message = format!("You specified {words} that doesn't exist.");
    ApiError::new(&format!("{what}Exception"), message)
}

pub(super) fn account_id(given: &str) -> Result<AccountId, ApiError> {
    given.parse().map_err(|_| invalid())
}

/// A time as Organizations writes it: seconds since 1970.
pub(super) fn seconds(milliseconds: i64) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact for some hundred thousand years"
    )]
    let seconds = milliseconds as f64 / 1000.0;
    json!(seconds)
}
