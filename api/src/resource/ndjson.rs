//! A stream of events, one a line, taken in by up to 1,000 lines at a time. Results go out while lines still come in.

use super::ingest::no_events;
use crate::authorised::InTenant;
use crate::body::{self, BULK_BYTES_MAX, ONE_BYTES_MAX};
use crate::problem::Problem;
use accounting::{Event, EventError};
use actix_web::HttpResponse;
use actix_web::dev::Payload;
use actix_web::http::header::ContentEncoding;
use actix_web::web::{Bytes, BytesMut};
use futures::{FutureExt, StreamExt, stream};
use serde::Serialize;
use service::Service;
use service::ingest::{self, BULK_MAX, TakenEvent};
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::Instrument;
use utoipa::ToSchema;

/// How long lines that came are kept back for others to come with them.
const GATHERING: Duration = Duration::from_millis(100);
/// How long a caller may send nothing.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Answers to so many takings-in are kept for a caller that sends everything before it reads anything.
const UNREAD_MAX: usize = 256;

/// A line of the answer: what became of one event, or, last and only when the service fails, where to go on.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = TakenLine)]
pub(crate) enum Line {
    /// What became of one event.
    Taken(TakenLine),
    /// The stream ended early.
    Broken(BrokenStream),
}

/// What became of the event of one line.
#[derive(Serialize, ToSchema)]
#[schema(as = TakenLineResult)]
pub(crate) struct TakenLine {
    /// The line of the request, from 1.
    #[schema(minimum = 1)]
    pub(crate) line: usize,
    /// The result.
    #[serde(flatten)]
    pub(crate) event: TakenEvent,
}

/// From here on nothing was taken in.
#[derive(Serialize, ToSchema)]
pub(crate) struct BrokenStream {
    /// The first line that was not taken in: send it and those after it again.
    #[schema(minimum = 1)]
    from_line: usize,
    /// Why.
    #[schema(value_type = body_of_problem::Problem)]
    problem: Problem,
}

mod body_of_problem {
    pub(super) use crate::problem::Body as Problem;
}

/// Takes the stream in. What goes wrong before the first result is a problem; later it is the last line.
pub(super) async fn answer(
    service: Service,
    at: InTenant,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let mut lines = Batches::new(payload);
    let first = lines.next().await?.ok_or_else(no_events)?;
    let mut intake = Intake {
        service,
        at,
        taken: 0,
    };
    let answer = intake.take_in(first).await?;
    let (results, unread) = mpsc::channel(UNREAD_MAX);
    results.try_send(answer).map_err(|_| Problem::internal())?;
    let rest = async move {
        let end = AssertUnwindSafe(intake.take_in_all(&mut lines, &results))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| {
                tracing::error!("taking a stream of events in panicked");
                Err(Problem::internal())
            });
        if let Err(problem) = end {
            let from_line = lines.first_unanswered();
            let last = one_line(&Line::Broken(BrokenStream { from_line, problem }));
            // Nobody reads any more: then nobody needs to know.
            results.send(last).await.ok();
        }
    };
    actix_web::rt::spawn(rest.instrument(tracing::Span::current()));
    let body = stream::unfold(unread, |mut unread| async move {
        let chunk = unread.recv().await?;
        Some((Ok::<_, Infallible>(chunk), unread))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        // A compressor would keep results back until it has enough of them.
        .insert_header(ContentEncoding::Identity)
        .streaming(body))
}

/// The use-case, called for batch after batch.
struct Intake {
    service: Service,
    at: InTenant,
    taken: usize,
}

impl Intake {
    async fn take_in_all(
        &mut self,
        lines: &mut Batches,
        results: &mpsc::Sender<Bytes>,
    ) -> Result<(), Problem> {
        lines.answered();
        while let Some(batch) = lines.next().await? {
            let answer = self.take_in(batch).await?;
            lines.answered();
            if results.send(answer).await.is_err() {
                // The caller has gone; what it sent is sent again, and is a duplicate then.
                break;
            }
        }
        Ok(())
    }

    async fn take_in(&mut self, batch: Batch) -> Result<Bytes, Problem> {
        let results =
            ingest::take_in(&self.service, &self.at.caller, self.at.tenant, batch.events).await?;
        let mut answer = Vec::new();
        for (line, mut event) in batch.lines.into_iter().zip(results) {
            event.index += self.taken;
            answer.extend_from_slice(&one_line(&Line::Taken(TakenLine { line, event })));
        }
        self.taken += batch.count;
        Ok(answer.into())
    }
}

fn one_line(line: &Line) -> Bytes {
    let mut bytes = serde_json::to_vec(line).expect("a result holds texts, numbers and lists");
    bytes.push(b'\n');
    bytes.into()
}

/// Lines that are taken in together.
#[derive(Default)]
struct Batch {
    lines: Vec<usize>,
    events: Vec<Result<Event, EventError>>,
    count: usize,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, line: RequestLine) {
        self.bytes += line.text.as_ref().map_or(0, |text| text.len());
        self.count += 1;
        self.lines.push(line.number);
        self.events.push(match line.text {
            Ok(text) => Event::parse(&text),
            Err(TooLong) => Err(EventError {
                path: String::new(),
                message: format!(
                    "the line is longer than {} KiB, which no event is; put one event on a line",
                    ONE_BYTES_MAX / 1024
                ),
                code: "line_too_long",
            }),
        });
    }

    fn is_full(&self) -> bool {
        self.count >= BULK_MAX || self.bytes >= BULK_BYTES_MAX
    }
}

/// The request, batch by batch.
struct Batches {
    payload: Payload,
    lines: Lines,
    ended: bool,
    broken: Option<Problem>,
    /// The last line that was given out in a batch.
    given: usize,
    /// The last line whose result is on its way to the caller.
    answered: usize,
}

impl Batches {
    fn new(payload: Payload) -> Self {
        Self {
            payload,
            lines: Lines::default(),
            ended: false,
            broken: None,
            given: 0,
            answered: 0,
        }
    }

    /// What was given out last is answered.
    fn answered(&mut self) {
        self.answered = self.given;
    }

    fn first_unanswered(&self) -> usize {
        self.answered + 1
    }

    // A batch ends when it is full, when its first line has waited long enough, or with the request.
    async fn next(&mut self) -> Result<Option<Batch>, Problem> {
        let mut batch = Batch::default();
        let mut gathered_at = None;
        loop {
            while let Some(line) = self.lines.next() {
                batch.add(line);
                if batch.is_full() {
                    return Ok(Some(self.give(batch)));
                }
            }
            if self.ended {
                if let Some(line) = self.lines.last() {
                    batch.add(line);
                }
                return Ok((batch.count > 0).then(|| self.give(batch)));
            }
            if let Some(problem) = self.broken.take_if(|_| batch.count == 0) {
                return Err(problem);
            }
            if self.broken.is_some() {
                return Ok(Some(self.give(batch)));
            }
            let until = if batch.count == 0 {
                Instant::now() + SILENCE_MAX
            } else {
                *gathered_at.get_or_insert_with(|| Instant::now() + GATHERING)
            };
            match tokio::time::timeout_at(until, self.payload.next()).await {
                Ok(Some(Ok(bytes))) => self.lines.push(&bytes),
                Ok(Some(Err(error))) => self.broken = Some(body::broken_off(&error)),
                Ok(None) => self.ended = true,
                Err(_) if batch.count == 0 => return Err(body::too_slow(SILENCE_MAX)),
                Err(_) => return Ok(Some(self.give(batch))),
            }
        }
    }

    fn give(&mut self, batch: Batch) -> Batch {
        self.given = batch.lines.last().copied().unwrap_or(self.given);
        batch
    }
}

/// A line of the request.
#[derive(Debug, PartialEq, Eq)]
struct RequestLine {
    /// From 1; blank lines count and are not given out.
    number: usize,
    text: Result<Bytes, TooLong>,
}

/// The line is longer than an event may be.
#[derive(Debug, PartialEq, Eq)]
struct TooLong;

/// Bytes as they come, cut into lines.
#[derive(Default)]
struct Lines {
    buffer: BytesMut,
    /// Bytes at the front of the buffer that are known to hold no line break.
    scanned: usize,
    number: usize,
    /// The rest of a line that is too long is on its way.
    skipping: bool,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole line that is not blank.
    fn next(&mut self) -> Option<RequestLine> {
        loop {
            let Some(place) = self.buffer[self.scanned..].iter().position(|&b| b == b'\n') else {
                self.scanned = self.buffer.len();
                if self.scanned > ONE_BYTES_MAX {
                    self.skipping = true;
                    self.buffer.clear();
                    self.scanned = 0;
                }
                return None;
            };
            let mut line = self.buffer.split_to(self.scanned + place + 1);
            line.truncate(line.len() - 1);
            self.scanned = 0;
            if let Some(line) = self.cut(line) {
                return Some(line);
            }
        }
    }

    /// What stands after the last line break, once the request has ended.
    fn last(&mut self) -> Option<RequestLine> {
        if self.buffer.is_empty() && !self.skipping {
            return None;
        }
        let line = std::mem::take(&mut self.buffer);
        self.scanned = 0;
        self.cut(line)
    }

    fn cut(&mut self, line: BytesMut) -> Option<RequestLine> {
        self.number += 1;
        let too_long = std::mem::take(&mut self.skipping) || line.len() > ONE_BYTES_MAX;
        if !too_long && line.iter().all(u8::is_ascii_whitespace) {
            return None;
        }
        Some(RequestLine {
            number: self.number,
            text: if too_long {
                Err(TooLong)
            } else {
                Ok(line.freeze())
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::error::PayloadError;

    fn arriving<const N: usize>(pieces: [Result<Bytes, PayloadError>; N]) -> Payload {
        Payload::Stream {
            payload: stream::iter(pieces).boxed_local(),
        }
    }

    fn cut(pieces: &[&[u8]]) -> Vec<(usize, Option<String>)> {
        let mut lines = Lines::default();
        let mut cut = Vec::new();
        let mut keep = |line: RequestLine| {
            let text = line.text.ok();
            cut.push((
                line.number,
                text.map(|text| String::from_utf8_lossy(&text).into_owned()),
            ));
        };
        for piece in pieces {
            lines.push(piece);
            while let Some(line) = lines.next() {
                keep(line);
            }
        }
        if let Some(line) = lines.last() {
            keep(line);
        }
        cut
    }

    fn line(number: usize, text: &str) -> (usize, Option<String>) {
        (number, Some(text.to_owned()))
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_arrive() {
        let text = b"{\"a\":1}\n{}\r\n\n  \n[7]";
        let wanted = [line(1, "{\"a\":1}"), line(2, "{}\r"), line(5, "[7]")];
        assert_eq!(cut(&[text]), wanted);
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(cut(&bytes), wanted);
        let pairs: Vec<&[u8]> = text.chunks(2).collect();
        assert_eq!(cut(&pairs), wanted);
    }

    #[test]
    fn a_last_line_break_begins_no_line() {
        assert_eq!(cut(&[b"{}\n"]), [line(1, "{}")]);
        assert_eq!(cut(&[b""]), []);
        assert_eq!(cut(&[b"\n\n"]), []);
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_and_the_next_one_is_not() {
        let long = vec![b'x'; ONE_BYTES_MAX + 1];
        let wanted = [(1, None), line(2, "{}")];
        assert_eq!(cut(&[&long, b"\n{}\n"]), wanted);
        let mut whole = long.clone();
        whole.extend_from_slice(b"\n{}");
        assert_eq!(cut(&[&whole]), wanted);
        let pieces: Vec<&[u8]> = whole.chunks(1000).collect();
        assert_eq!(cut(&pieces), wanted);
        assert_eq!(cut(&[&long]), [(1, None)]);
    }

    #[test]
    fn a_line_as_long_as_may_be_is_taken() {
        let mut text = vec![b'x'; ONE_BYTES_MAX];
        text.push(b'\n');
        assert_eq!(cut(&[&text])[0].1.as_ref().unwrap().len(), ONE_BYTES_MAX);
    }

    #[actix_web::test]
    async fn batches_hold_a_thousand_lines_and_the_rest() {
        let text: Vec<u8> = b"{}\n".repeat(BULK_MAX + 1);
        let mut batches = Batches::new(arriving([Ok(Bytes::from(text))]));
        let first = batches.next().await.unwrap().unwrap();
        assert_eq!((first.count, first.events.len()), (BULK_MAX, BULK_MAX));
        batches.answered();
        assert_eq!(batches.first_unanswered(), BULK_MAX + 1);
        let rest = batches.next().await.unwrap().unwrap();
        assert_eq!(rest.lines, [BULK_MAX + 1]);
        assert!(batches.next().await.unwrap().is_none());
    }

    #[actix_web::test]
    async fn whole_lines_are_given_before_a_broken_stream_is_reported() {
        let mut batches = Batches::new(arriving([
            Ok(Bytes::from_static(b"{}\n{\"hal")),
            Err(PayloadError::Incomplete(None)),
        ]));
        assert_eq!(batches.next().await.unwrap().unwrap().lines, [1]);
        assert!(batches.next().await.is_err());
    }
}
