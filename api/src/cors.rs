//! Pages of other sites (CORS): off, but for the origins that are configured. What a page may do there it does with a credential
//! in a header, never with a cookie, so no answer allows credentials of the browser's own.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::ThinData;
use service::Service;

/// What the API reads of a request, beside what every page may send.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, x-request-id",
);
/// What a script may read of an answer, beside what every script may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "content-disposition, etag, idempotent-replayed, location, ratelimit, ratelimit-policy, retry-after, \
     www-authenticate, x-request-id",
);
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// How long, in seconds, a browser need not ask again.
const KEPT: HeaderValue = HeaderValue::from_static("600");

/// What a request says of pages, and what is answered to that.
pub(crate) struct Cors {
    // Where some origins are configured, answers differ by it.
    differs: bool,
    allowed: Option<HeaderValue>,
}

impl Cors {
    /// The page that asks, where its origin is one of the configured.
    pub(crate) fn of(request: &ServiceRequest) -> Self {
        let service = request.app_data::<ThinData<Service>>();
        let origins = service.map_or(&[][..], |service| &service.settings().access.origins);
        Self::among(origins, request.headers().get(header::ORIGIN))
    }

    fn among(origins: &[String], origin: Option<&HeaderValue>) -> Self {
        let is_ours = |origin: &&HeaderValue| {
            origins
                .iter()
                .any(|ours| origin.as_bytes() == ours.as_bytes())
        };
        Self {
            differs: !origins.is_empty(),
            allowed: origin.filter(is_ours).cloned(),
        }
    }

    /// The answer to a browser that asks beforehand; `None` where this is not that.
    pub(crate) fn beforehand(&self, request: &ServiceRequest) -> Option<HttpResponse> {
        let asks = request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        (asks && self.allowed.is_some()).then(|| {
            HttpResponse::NoContent()
                .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
                .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS))
                .insert_header((header::ACCESS_CONTROL_MAX_AGE, KEPT))
                .finish()
        })
    }

    /// Lets the page read the answer, where it may.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        if self.differs {
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = &self.allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_allowed_to_the_letter() {
        let ours = ["https://desk.example.com".to_owned()];
        let allowed = |origin: &'static str| {
            let origin = HeaderValue::from_static(origin);
            Cors::among(&ours, Some(&origin)).allowed
        };
        assert_eq!(
            allowed("https://desk.example.com").unwrap(),
            "https://desk.example.com"
        );
        for other in [
            "https://desk.example.com.evil.test",
            "http://desk.example.com",
            "https://desk.example.com:8443",
            "https://desk.example.com/",
            "null",
            "*",
            "",
        ] {
            assert!(allowed(other).is_none(), "{other}");
        }
        assert!(Cors::among(&ours, None).allowed.is_none());
        assert!(
            Cors::among(
                &[],
                Some(&HeaderValue::from_static("https://desk.example.com"))
            )
            .allowed
            .is_none()
        );
    }
}
