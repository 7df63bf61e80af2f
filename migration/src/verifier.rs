//! What a server keeps of a password (RFC 5803): enough to recognise it, useless for logging in. Made here, so that the password
//! itself is never sent: a statement stands in the server's log, and in its list of what runs.

use data_encoding::BASE64;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};
use std::num::NonZeroU32;

/// As often as PostgreSQL does it by itself.
const ROUNDS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// A verifier of a password, of SCRAM-SHA-256 and with a new salt, as `ALTER ROLE … PASSWORD` takes it; none where the machine has
/// no random bytes.
pub(crate) fn of(password: &str) -> Option<String> {
    let mut salt = [0; 16];
    SystemRandom::new().fill(&mut salt).ok()?;
    Some(salted(password, &salt))
}

fn salted(password: &str, salt: &[u8]) -> String {
    // What SASLprep forbids is taken as it is, as PostgreSQL does.
    let prepared = stringprep::saslprep(password).unwrap_or(password.into());
    let mut key = [0; digest::SHA256_OUTPUT_LEN];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ROUNDS,
        salt,
        prepared.as_bytes(),
        &mut key,
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let stored = digest::digest(&digest::SHA256, hmac::sign(&key, b"Client Key").as_ref());
    let server = hmac::sign(&key, b"Server Key");
    format!(
        "SCRAM-SHA-256${ROUNDS}:{}${}:{}",
        BASE64.encode(salt),
        BASE64.encode(stored.as_ref()),
        BASE64.encode(server.as_ref())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // The exchange of RFC 7677: its salt, and the keys that its proofs are made with.
    #[test]
    fn a_verifier_is_that_of_the_standard() {
        let salt = BASE64.decode(b"W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        assert_eq!(
            salted("pencil", &salt),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn every_verifier_has_a_salt_of_its_own() {
        assert_ne!(of("pencil"), of("pencil"));
    }
}
