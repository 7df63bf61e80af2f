//! Whole environments, and single settings that are wrong.

use super::*;
use service::settings::TokenAlgorithm;

fn complete() -> BTreeMap<String, String> {
    [
        ("DATABASE_URL", "postgres://tillpost_app@localhost/tillpost"),
        (
            "PLATFORM_DATABASE_URL",
            "postgres://tillpost_platform@localhost/tillpost",
        ),
        ("REDIS_URL", "redis://127.0.0.1:6379"),
        ("TILLPOST_PEPPER", "5b0d3c6e8f1a4972b6d0e3f5a8c1d7e9"),
        (
            "TILLPOST_KEY_ENCRYPTION_KEY",
            "q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80=",
        ),
        ("TILLPOST_PLATFORM_KEY", "9e7d1c8a5f3e0d6b2794a1f8e6c3d0b5"),
        ("TILLPOST_PUBLIC_URL", "https://tillpost.shop"),
        ("QUICKBOOKS_ENVIRONMENT", "sandbox"),
        ("QUICKBOOKS_CLIENT_ID", "AB12"),
        ("QUICKBOOKS_CLIENT_SECRET", "xyz"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn complaint(name: &str, value: &str) -> String {
    let mut variables = complete();
    variables.insert(name.to_owned(), value.to_owned());
    Config::from(variables).unwrap_err().to_string()
}

#[test]
fn a_complete_environment_is_taken_with_its_usual_values() {
    let config = Config::from(complete()).unwrap();
    assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.redis_prefix, "tillpost");
    assert_eq!(config.settings.environment, Environment::Live);
    assert_eq!(
        config.settings.quickbooks.redirect_uri.as_str(),
        "https://tillpost.shop/v1/oauth/callback"
    );
    assert_eq!(
        config.settings.quickbooks.api_base_url.as_str(),
        SANDBOX.api
    );
    assert_eq!(config.settings.quickbooks_app_url.as_str(), SANDBOX.app);
    let mut variables = complete();
    variables.insert("QUICKBOOKS_APP_URL".into(), "https://books.shop/qbo".into());
    let config = Config::from(variables).unwrap();
    assert_eq!(
        config.settings.quickbooks_app_url.as_str(),
        "https://books.shop/qbo/"
    );
}

#[test]
fn everything_missing_is_told_at_once_with_what_it_is_for() {
    let told = Config::from(BTreeMap::new()).unwrap_err().to_string();
    for name in complete().keys() {
        assert!(
            told.contains(&format!("\n  {name} is missing: ")),
            "{name} in {told}"
        );
    }
    assert_eq!(told.lines().count(), 1 + complete().len(), "{told}");
}

#[test]
fn a_live_house_does_not_speak_plain_http() {
    assert!(complaint("TILLPOST_PUBLIC_URL", "http://tillpost.shop").contains("https"));
    assert!(complaint("TILLPOST_RETURN_URLS", "https://a.shop, http://b.shop").contains("https"));
    let mut variables = complete();
    variables.insert("TILLPOST_PUBLIC_URL".into(), "http://127.0.0.1:8080".into());
    variables.insert("TILLPOST_ENVIRONMENT".into(), "test".into());
    assert!(Config::from(variables).is_ok());
}

#[test]
fn messages_go_to_loopback_only_where_a_test_environment_says_so() {
    assert!(
        !Config::from(complete())
            .unwrap()
            .settings
            .webhook_rules()
            .loopback
    );
    assert!(complaint("TILLPOST_WEBHOOK_LOOPBACK", "allow").contains("TILLPOST_ENVIRONMENT=test"));
    assert!(complaint("TILLPOST_WEBHOOK_PORTS", "https").contains("443,8443"));
    let mut variables = complete();
    variables.insert("TILLPOST_ENVIRONMENT".into(), "test".into());
    variables.insert("TILLPOST_WEBHOOK_LOOPBACK".into(), "allow".into());
    variables.insert("TILLPOST_WEBHOOK_PORTS".into(), "443, 8443".into());
    let rules = Config::from(variables).unwrap().settings.webhook_rules();
    assert!(rules.loopback && rules.ports == [443, 8443]);
}

#[test]
fn proxies_are_networks_and_origins_are_as_browsers_write_them() {
    let mut variables = complete();
    variables.insert("TILLPOST_TRUSTED_PROXIES".into(), "10.0.0.0/8, ::1".into());
    variables.insert(
        "TILLPOST_CORS_ORIGINS".into(),
        "https://desk.shop, https://desk.shop:8443".into(),
    );
    let settings = Config::from(variables).unwrap().settings;
    let proxies: Vec<_> = settings
        .limits
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(proxies, ["10.0.0.0/8", "::1/128"]);
    assert_eq!(
        settings.access.origins,
        ["https://desk.shop", "https://desk.shop:8443"]
    );
    assert!(complaint("TILLPOST_TRUSTED_PROXIES", "proxy.shop").contains("10.0.0.0/8"));
    for origin in [
        "*",
        "desk.shop",
        "http://desk.shop",
        "https://desk.shop/",
        "https://desk.shop:443",
        "https://Desk.shop",
    ] {
        let told = complaint("TILLPOST_CORS_ORIGINS", origin);
        assert!(told.contains("TILLPOST_CORS_ORIGINS"), "{origin}: {told}");
    }
}

#[test]
fn an_example_is_refused_wherever_a_secret_stands() {
    for (name, value) in [
        (
            "QUICKBOOKS_CLIENT_SECRET",
            "simulatedClientSecret0000000000000000000",
        ),
        (
            "DATABASE_URL",
            "postgres://tillpost_app:change-me@localhost/tillpost",
        ),
        ("REDIS_URL", "redis://:password@127.0.0.1:6379"),
        (
            "TILLPOST_PREVIOUS_KEY_ENCRYPTION_KEYS",
            "q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80=, c2VjcmV0",
        ),
    ] {
        let told = complaint(name, value);
        assert!(told.contains(name), "{told}");
        assert!(
            !told.contains("change-me") && !told.contains("simulatedClient"),
            "{told}"
        );
    }
    let mut variables = complete();
    variables.insert("TILLPOST_ENVIRONMENT".into(), "test".into());
    variables.insert(
        "QUICKBOOKS_CLIENT_SECRET".into(),
        "simulatedClientSecret".into(),
    );
    assert!(Config::from(variables).is_ok());
}

#[test]
fn an_identity_provider_is_set_up_whole_or_not_at_all() {
    assert!(
        Config::from(complete())
            .unwrap()
            .settings
            .access
            .identity_provider
            .is_none()
    );
    let told = complaint("TILLPOST_IDP_ISSUER", "https://login.shop/");
    for name in [
        "TILLPOST_IDP_AUDIENCE",
        "TILLPOST_IDP_JWKS_URL",
        "TILLPOST_IDP_ALGORITHM",
    ] {
        assert!(told.contains(&format!("{name} is missing")), "{told}");
    }
    let with = |algorithm: &str, url: &str| {
        let mut variables = complete();
        for (name, value) in [
            ("TILLPOST_IDP_ISSUER", "https://login.shop/"),
            ("TILLPOST_IDP_AUDIENCE", "tillpost"),
            ("TILLPOST_IDP_JWKS_URL", url),
            ("TILLPOST_IDP_ALGORITHM", algorithm),
        ] {
            variables.insert(name.to_owned(), value.to_owned());
        }
        Config::from(variables)
    };
    let provider = with("ES256", "https://login.shop/keys")
        .unwrap()
        .settings
        .access
        .identity_provider
        .unwrap();
    assert_eq!(provider.algorithm, TokenAlgorithm::Es256);
    for algorithm in ["HS256", "none", "es256"] {
        let told = with(algorithm, "https://login.shop/keys")
            .unwrap_err()
            .to_string();
        assert!(told.contains("RS256, PS256, ES256, EdDSA"), "{told}");
    }
    assert!(
        with("ES256", "http://login.shop/keys")
            .unwrap_err()
            .to_string()
            .contains("https")
    );
}

#[test]
fn a_weak_secret_is_refused_and_never_quoted() {
    let told = complaint("TILLPOST_PEPPER", "change-me-please-change-me-please");
    assert!(
        told.contains("TILLPOST_PEPPER looks like an example"),
        "{told}"
    );
    assert!(!told.contains("please"), "{told}");
}
