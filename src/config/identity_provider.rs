//! The vendor's identity provider: all of its settings, or none.

use super::Reader;
use service::settings::{Environment, IdentityProvider, KeyPace, TokenAlgorithm};

impl Reader {
    // All four of its settings, or none.
    pub(super) fn identity_provider(
        &mut self,
        environment: Environment,
    ) -> Option<IdentityProvider> {
        const JWKS_URL: &str = "TILLPOST_IDP_JWKS_URL";
        const ALGORITHM: &str = "TILLPOST_IDP_ALGORITHM";
        const NAMES: [&str; 4] = [
            "TILLPOST_IDP_ISSUER",
            "TILLPOST_IDP_AUDIENCE",
            JWKS_URL,
            ALGORITHM,
        ];
        if NAMES.iter().all(|name| self.given(name).is_none()) {
            return None;
        }
        let issuer = self.needed(
            NAMES[0],
            "`iss` of your identity provider's tokens, to the letter",
        );
        let audience = self.needed(
            NAMES[1],
            "what `aud` of your identity provider's tokens must name",
        );
        let address = self.needed(JWKS_URL, "where your identity provider's public keys are");
        let jwks_url = self.url(JWKS_URL, &address);
        if !address.is_empty() {
            self.check_scheme(JWKS_URL, &jwks_url, environment);
        }
        let names: Vec<_> = TokenAlgorithm::NAMES
            .iter()
            .map(|(name, _)| *name)
            .collect();
        let named = self.needed(
            ALGORITHM,
            &format!(
                "the one algorithm of your identity provider's tokens: {}",
                names.join(", ")
            ),
        );
        let algorithm = TokenAlgorithm::NAMES
            .iter()
            .find(|(name, _)| *name == named);
        if algorithm.is_none() && !named.is_empty() {
            self.complain(
                ALGORITHM,
                &format!("is `{named}`; use one of {}", names.join(", ")),
            );
        }
        Some(IdentityProvider {
            issuer,
            audience,
            jwks_url,
            algorithm: algorithm.map_or(TokenAlgorithm::Rs256, |(_, algorithm)| *algorithm),
            pace: KeyPace::default(),
        })
    }
}
