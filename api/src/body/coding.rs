//! Bodies that come compressed. They are decompressed a little at a time, so that what a few bytes become is counted before
//! it takes room: a body's limit is that of what comes out.

use crate::problem::Problem;
use actix_web::dev::{Decompress, Payload};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentEncoding, HeaderMap};
use actix_web::web::Bytes;
use futures::{StreamExt, stream};

/// So many bytes are decompressed at once. Gzip makes at the most a thousandfold of them.
const PIECE: usize = 1024;

/// The body as it was before it was compressed.
///
/// # Errors
/// `unsupported_content_encoding`.
pub(crate) fn decoded(headers: &HeaderMap, payload: Payload) -> Result<Payload, Problem> {
    let Some(coding) = headers.get(header::CONTENT_ENCODING) else {
        return Ok(payload);
    };
    match coding.to_str().map(str::trim) {
        Ok(coding) if coding.eq_ignore_ascii_case("identity") => Ok(payload),
        Ok(coding)
            if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") =>
        {
            let pieces = Decompress::new(pieces(payload), ContentEncoding::Gzip);
            Ok(Payload::Stream {
                payload: pieces.boxed_local(),
            })
        }
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_content_encoding",
            "bodies are taken as they are, or with `Content-Encoding: gzip`; send it so",
        )
        .with_header(header::ACCEPT_ENCODING, "gzip")),
    }
}

fn pieces(payload: Payload) -> impl stream::Stream<Item = Result<Bytes, PayloadError>> + Unpin {
    payload.flat_map(|chunk| {
        let pieces: Vec<_> = match chunk {
            Err(error) => vec![Err(error)],
            Ok(mut chunk) => {
                let mut pieces = Vec::with_capacity(chunk.len() / PIECE + 1);
                while !chunk.is_empty() {
                    pieces.push(Ok(chunk.split_to(chunk.len().min(PIECE))));
                }
                pieces
            }
        };
        stream::iter(pieces)
    })
}
