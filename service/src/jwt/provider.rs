//! The cryptography of signed tokens: `ring`, which is here already for TLS and for webhooks, under `jsonwebtoken`. Its own
//! choices would bring a second family of cryptography into the product, an RSA with a known weakness among it.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature::{self, Ed25519KeyPair, RsaPublicKeyComponents, UnparsedPublicKey};

static RING: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes `ring` the process's provider; doing so again changes nothing.
pub(crate) fn install() {
    RING.install_default().ok();
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    if *algorithm != Algorithm::EdDSA {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    let pair = Ed25519KeyPair::from_seed_unchecked(key.as_bytes())
        .map_err(|_| ErrorKind::InvalidEddsaKey)?;
    Ok(Box::new(Ed25519(pair)))
}

struct Ed25519(Ed25519KeyPair);

impl Signer<Vec<u8>> for Ed25519 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Ed25519 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    // A key of another family than the algorithm's is the old trick of taking one for the other.
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(Public {
        algorithm: *algorithm,
        kind: key.kind().clone(),
    }))
}

struct Public {
    algorithm: Algorithm,
    kind: DecodingKeyKind,
}

impl Verifier<Vec<u8>> for Public {
    fn verify(&self, message: &[u8], given: &Vec<u8>) -> std::result::Result<(), Error> {
        let proven = match &self.kind {
            DecodingKeyKind::SecretOrDer(point) => match self.algorithm {
                Algorithm::EdDSA => {
                    UnparsedPublicKey::new(&signature::ED25519, point).verify(message, given)
                }
                Algorithm::ES256 => {
                    UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                        .verify(message, given)
                }
                Algorithm::ES384 => {
                    UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point)
                        .verify(message, given)
                }
                _ => return Err(Error::new()),
            },
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                let parameters = match self.algorithm {
                    Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
                    Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
                    Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
                    Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
                    _ => return Err(Error::new()),
                };
                RsaPublicKeyComponents {
                    n: whole(n),
                    e: whole(e),
                }
                .verify(parameters, message, given)
            }
        };
        proven.map_err(|_| Error::new())
    }
}

// Some write a number with zeros before it.
fn whole(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

impl JwtVerifier for Public {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests {
    use super::super::{jwk::Jwk, prove};
    use super::*;
    use serde_json::{Value, json};

    // Appendix A.2 and A.3 of RFC 7515: tokens of other people's making.
    const RS256: (&str, &str) = (
        r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#,
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    );
    const ES256: (&str, &str) = (
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );

    fn key(jwk: &str) -> DecodingKey {
        DecodingKey::from_jwk(&serde_json::from_str::<Jwk>(jwk).unwrap()).unwrap()
    }

    #[test]
    fn tokens_of_the_standards_are_proven_and_altered_ones_are_not() {
        install();
        for ((jwk, token), algorithm) in [(RS256, Algorithm::RS256), (ES256, Algorithm::ES256)] {
            let claims: Value = prove(token, &key(jwk), algorithm, &["JWT"]).unwrap();
            assert_eq!(claims["iss"], "joe");
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let altered = signed.replace("leGFtcGxl", "leGFtcGxm");
            assert_ne!(altered, signed);
            for forged in [
                format!("{altered}.{signature}"),
                format!("{signed}.{}A", &signature[..signature.len() - 2]),
                format!("{signed}."),
            ] {
                assert!(prove::<Value>(&forged, &key(jwk), algorithm, &["JWT"]).is_none());
            }
        }
    }

    #[test]
    fn a_key_serves_its_own_algorithm_only() {
        install();
        for (jwk, token) in [RS256, ES256] {
            for algorithm in [
                Algorithm::EdDSA,
                Algorithm::HS256,
                Algorithm::PS256,
                Algorithm::ES384,
                Algorithm::RS512,
            ] {
                assert!(prove::<Value>(token, &key(jwk), algorithm, &["JWT"]).is_none());
            }
        }
        assert!(prove::<Value>(RS256.1, &key(ES256.0), Algorithm::RS256, &["JWT"]).is_none());
    }

    #[test]
    fn what_we_sign_is_proven_and_a_short_key_proves_nothing() {
        install();
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let header = jsonwebtoken::Header::new(Algorithm::EdDSA);
        let token = jsonwebtoken::encode(
            &header,
            &json!({"a": 1}),
            &EncodingKey::from_ed_der(&[7; 32]),
        );
        let token = token.unwrap();
        use ring::signature::KeyPair;
        let public = DecodingKey::from_ed_der(pair.public_key().as_ref());
        let claims: Value = prove(&token, &public, Algorithm::EdDSA, &["JWT"]).unwrap();
        assert_eq!(claims["a"], 1);
        let short = DecodingKey::from_ed_der(&pair.public_key().as_ref()[..31]);
        assert!(prove::<Value>(&token, &short, Algorithm::EdDSA, &["JWT"]).is_none());
    }
}
