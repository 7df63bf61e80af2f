//! What the log says of a call, and what it never says.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::EnvFilter;

use crate::server::{Server, TID, json};
use crate::setup::{ACCESS_TOKEN, REALM, quickbooks};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn calls_are_logged_by_company_status_and_tid_without_tokens_codes_or_bodies() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("quickbooks=trace"))
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: a subscriber of one thread may miss spans that other tests met first.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let grant =
        r#"{"token_type":"bearer","access_token":"fresh-access","refresh_token":"fresh-refresh"}"#;
    let fault = r#"{"Fault":{"Error":[{"Message":"secret-words","code":"6200"}]}}"#;
    let server = Server::playing([
        json(200, grant),
        json(200, grant),
        json(400, fault),
        json(200, ""),
    ])
    .await;
    let client = quickbooks(&server.url);
    client.exchange_code("secret-code").await.unwrap();
    client.refresh(&"old-refresh".into()).await.unwrap();
    let company = client.company(REALM, &ACCESS_TOKEN.into());
    let body = br#"{"PrivateNote":"secret-note"}"#.to_vec();
    company.create_journal_entry("rq", body).await.unwrap_err();
    client.revoke(&"old-refresh".into()).await.unwrap();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for said in [
        &format!("erp.company_id=\"{REALM}\""),
        "http.status=400",
        &format!("intuit_tid=\"{TID}\""),
        "create journal entry: answered 400",
        "refresh: answered 200",
    ] {
        assert!(log.contains(said), "{said} in {log}");
    }
    for never in [
        ACCESS_TOKEN,
        "s3cret",
        "secret-code",
        "old-refresh",
        "fresh-access",
        "fresh-refresh",
        "secret-words",
        "secret-note",
    ] {
        assert!(!log.contains(never), "{never} in {log}");
    }
}
