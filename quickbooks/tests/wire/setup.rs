//! Clients for the tests, and what a client refuses to be made of.

use std::time::Duration;

use quickbooks::{Company, Endpoints, QuickBooks, Settings, SetupError, Timeouts};
use url::Url;

pub const REALM: &str = "9341453474484455";
pub const ACCESS_TOKEN: &str = "eyJlbmMi.access.token";

pub fn settings(base: &Url) -> Settings {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Settings {
        client_id: "ABclient".to_owned(),
        client_secret: "s3cret".into(),
        redirect_uri: "https://tillpost.example/oauth/callback".parse().unwrap(),
        api_base_url: base.clone(),
        endpoints: Endpoints::Configured {
            authorization: base.join("/connect/oauth2").unwrap(),
            token: base.join("/oauth2/v1/tokens/bearer").unwrap(),
            revocation: base.join("/v2/oauth2/tokens/revoke").unwrap(),
        },
        minor_version: Settings::MINOR_VERSION,
        timeouts: Timeouts::default(),
    }
}

pub fn quickbooks(base: &Url) -> QuickBooks {
    QuickBooks::new(settings(base)).unwrap()
}

/// Gives up almost at once, for a server that never answers.
pub fn impatient(base: &Url) -> QuickBooks {
    let mut settings = settings(base);
    settings.timeouts.request = Duration::from_millis(50);
    settings.timeouts.oauth = Duration::from_millis(50);
    QuickBooks::new(settings).unwrap()
}

pub fn company(base: &Url) -> Company {
    quickbooks(base).company(REALM, &ACCESS_TOKEN.into())
}

#[test]
fn a_secret_never_goes_in_the_clear_beside_an_https_api() {
    let mut settings = settings(&"http://127.0.0.1:1".parse().unwrap());
    settings.api_base_url = "https://quickbooks.api.intuit.com".parse().unwrap();
    let refused = QuickBooks::new(settings).err().unwrap();
    let SetupError::NotHttps { setting } = refused else {
        panic!("{refused}");
    };
    assert_eq!(setting, "endpoints.authorization");
}

#[test]
fn an_address_that_is_not_http_is_refused() {
    let mut settings = settings(&"https://quickbooks.api.intuit.com".parse().unwrap());
    settings.endpoints = Endpoints::Discovery("ftp://intuit.example/".parse().unwrap());
    let refused = QuickBooks::new(settings).err().unwrap();
    assert_eq!(
        refused.to_string(),
        "endpoints.discovery must be an https address"
    );
}

#[test]
fn settings_and_companies_do_not_print_their_secrets() {
    let settings = settings(&"https://quickbooks.api.intuit.com".parse().unwrap());
    assert!(!format!("{settings:?}").contains("s3cret"));
    let company = company(&"http://127.0.0.1:1".parse().unwrap());
    let debug = format!("{company:?}");
    assert!(debug.contains(REALM) && !debug.contains(ACCESS_TOKEN) && !debug.contains("s3cret"));
}

#[test]
fn patience_is_as_the_dossier_says() {
    let timeouts = Timeouts::default();
    let seconds = [timeouts.connect, timeouts.request, timeouts.oauth].map(|time| time.as_secs());
    assert_eq!(seconds, [5, 130, 30]);
}
