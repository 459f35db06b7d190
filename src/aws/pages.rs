//! Lists that come page by page.

use std::future::Future;

use super::CallError;

/// Reads every page of a list: `page` asks for the one behind a token, and answers with what is on it and the
/// token of the next.
pub(crate) async fn all_pages<T, P>(
    mut page: impl FnMut(Option<String>) -> P,
) -> Result<Vec<T>, CallError>
where
    P: Future<Output = Result<(Vec<T>, Option<String>), CallError>>,
{
    let mut all = Vec::new();
    let mut token = None;
    loop {
        let (found, next) = page(token).await?;
        all.extend(found);
        token = next;
        if token.is_none() {
            return Ok(all);
        }
    }
}
