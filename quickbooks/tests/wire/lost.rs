//! Answers that never come, and how sure one may be of what happened.

use quickbooks::{Cause, Certainty, Failure, OAuthFailure, QuickBooks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use crate::server::{Reply, Server, TID, answer_with};
use crate::setup::{ACCESS_TOKEN, REALM, company, impatient, quickbooks, settings};

async fn post(base: &Url) -> Failure {
    let company = company(base);
    let post = company.create_journal_entry("rq", b"{}".to_vec());
    post.await.unwrap_err()
}

/// An address on loopback where nobody listens.
async fn refused() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_refused_connection_was_not_sent() {
    let base = refused().await;
    let failure = post(&base).await;
    assert_eq!(failure.cause, Cause::NotSent);
    assert_eq!(failure.certainty(), Certainty::NotSent);
    assert_eq!(failure.http_status, None);
    let failure = quickbooks(&base).refresh(&"RT1".into()).await.unwrap_err();
    assert!(
        matches!(failure, OAuthFailure::NotSent { .. }),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_host_without_an_address_was_not_sent() {
    let failure = post(&"http://no-such-host.invalid".parse().unwrap()).await;
    assert_eq!(failure.cause, Cause::NotSent, "{failure:?}");
}

#[tokio::test]
async fn a_failed_tls_handshake_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        stream
    });
    let failure = post(&base).await;
    assert_eq!(failure.cause, Cause::NotSent, "{failure:?}");
    plain.await.unwrap();
}

#[tokio::test]
async fn a_token_that_fits_no_header_was_not_sent() {
    let server = Server::playing([]).await;
    let company = quickbooks(&server.url).company(REALM, &"two\nlines".into());
    let failure = company.preferences().await.unwrap_err();
    assert_eq!(failure.cause, Cause::NotSent);
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_connection_dropped_after_the_request_is_unknown() {
    let server = Server::playing([Reply::Drop]).await;
    let failure = post(&server.url).await;
    assert_eq!(failure.cause, Cause::Unknown);
    assert_eq!(failure.http_status, None);
    assert_eq!(server.heard().len(), 1, "nothing is sent again");
}

#[tokio::test]
async fn a_kept_connection_dropped_after_the_second_request_is_unknown_and_not_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: Url = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 4096];
        assert_ne!(stream.read(&mut bytes).await.unwrap(), 0);
        let kept = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"QueryResponse\":{}}";
        stream.write_all(kept).await.unwrap();
        assert_ne!(
            stream.read(&mut bytes).await.unwrap(),
            0,
            "the second came here"
        );
        drop(stream);
        listener
    });
    let company = company(&base);
    company.accounts(1).await.unwrap();
    let post = company.create_journal_entry("rq", b"{}".to_vec());
    let failure = post.await.unwrap_err();
    assert_eq!(failure.cause, Cause::Unknown, "{failure:?}");
    let listener = server.await.unwrap().into_std().unwrap();
    let again = listener.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(again, Err(std::io::ErrorKind::WouldBlock));
}

#[tokio::test]
async fn a_time_out_is_unknown() {
    let server = Server::playing([Reply::Silence, Reply::Silence]).await;
    let client = impatient(&server.url);
    let company = client.company(REALM, &ACCESS_TOKEN.into());
    let post = company.create_journal_entry("rq", b"{}".to_vec());
    let failure = post.await.unwrap_err();
    assert_eq!(failure.cause, Cause::Unknown);
    assert_eq!(failure.reason.as_deref(), Some("timed out"));
    let failure = client.refresh(&"RT1".into()).await.unwrap_err();
    assert!(matches!(
        failure,
        OAuthFailure::Unknown {
            http_status: None,
            ..
        }
    ));
    assert_eq!(server.heard().len(), 2, "nothing is sent again");
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_is_unknown_and_keeps_its_tid() {
    let text =
        format!("HTTP/1.1 200 OK\r\nintuit_tid: {TID}\r\nContent-Length: 900\r\n\r\n{{\"Jour");
    let server = Server::playing([Reply::Bytes(text.into_bytes())]).await;
    let failure = post(&server.url).await;
    assert_eq!(failure.cause, Cause::Unknown);
    assert_eq!(failure.http_status, Some(200));
    assert_eq!(failure.intuit_tid.as_deref(), Some(TID));
}

#[tokio::test]
async fn half_a_status_line_is_unknown() {
    let server = Server::playing([Reply::Bytes(b"HTTP/1.1 20".to_vec())]).await;
    assert_eq!(post(&server.url).await.cause, Cause::Unknown);
}

#[tokio::test]
async fn an_endless_answer_is_given_up_and_unknown() {
    let server = Server::playing([answer_with(200, &[], &" ".repeat(16 * 1024 * 1024 + 1))]).await;
    let failure = post(&server.url).await;
    assert_eq!(failure.cause, Cause::Unknown);
    assert_eq!(
        failure.reason.as_deref(),
        Some("the answer is longer than 16777216 bytes")
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 307, 308] {
        let elsewhere = Server::playing([]).await;
        let to = [("Location", elsewhere.url.as_str())];
        let replies = [answer_with(status, &to, ""), answer_with(status, &to, "")];
        let server = Server::playing(replies).await;
        let failure = post(&server.url).await;
        assert_eq!(failure.cause, Cause::Unknown);
        assert_eq!(failure.http_status, Some(status));
        let failure = quickbooks(&server.url)
            .refresh(&"RT1".into())
            .await
            .unwrap_err();
        assert!(
            matches!(failure, OAuthFailure::Unknown { .. }),
            "{failure:?}"
        );
        assert!(elsewhere.heard().is_empty());
        assert_eq!(server.heard().len(), 2);
    }
}

#[tokio::test]
async fn nothing_goes_out_in_the_clear_once_the_api_is_https() {
    let server = Server::playing([]).await;
    let mut settings = settings(&"https://127.0.0.1:1".parse().unwrap());
    settings.endpoints = quickbooks::Endpoints::Discovery(server.url.clone());
    assert!(QuickBooks::new(settings).is_err());
    assert!(server.heard().is_empty());
}
