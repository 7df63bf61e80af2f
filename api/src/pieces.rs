//! A long answer, sent a piece at a time as it is read.

use crate::problem::Problem;
use actix_web::web::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use service::error::Error;

/// The body of an answer out of its pieces. What goes wrong before the first is a problem like any other; what goes wrong
/// later breaks the connection off, so that what came is known not to be all. `what` names the answer in the log.
pub(crate) async fn body(
    mut pieces: BoxStream<'static, Result<Vec<u8>, Error>>,
    what: &'static str,
) -> Result<BoxStream<'static, Result<Bytes, Error>>, Problem> {
    let first = pieces.try_next().await?.unwrap_or_default();
    let span = tracing::Span::current();
    Ok(stream::iter([Ok(first)])
        .chain(pieces)
        .map_ok(Bytes::from)
        .map_err(move |error| {
            span.in_scope(|| tracing::error!("{what} was broken off: {error}"));
            error
        })
        .boxed())
}
