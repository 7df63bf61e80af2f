//! Where a person looks at a posted entry: a page of QuickBooks' own web app. The page opens in the company that the browser
//! is signed in to, since the app's addresses name none.

use url::Url;

/// The page of a journal entry, by its id in QuickBooks.
#[must_use]
pub(crate) fn to_entry(app: &Url, qbo_id: &str) -> Option<String> {
    let mut url = app.join("app/journal").ok()?;
    url.query_pairs_mut().append_pair("txnId", qbo_id);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_a_page_in_the_app() {
        let app: Url = "https://qbo.intuit.com/".parse().unwrap();
        assert_eq!(
            to_entry(&app, "228").unwrap(),
            "https://qbo.intuit.com/app/journal?txnId=228"
        );
    }
}
