//! From an event and the books to a balanced entry, or the reason why there is none.

mod draft;

use std::fmt;

use chrono::NaiveDate;
use draft::Draft;

use crate::{
    Books, ClosedPeriod, Dimension, Event, JournalEntry, Line, Ref, Refusal, Unusable, rules,
};

/// What an event becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Journalized {
    /// An entry to post.
    Entry(JournalEntry),
    /// Nothing to post, and why.
    Skipped(SkipReason),
}

/// Why an event has nothing to post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Every line is zero.
    NothingToPost,
    /// The tenant nets lines, and the debits and credits of each account cancel out.
    NetsToZero,
}

impl SkipReason {
    /// A stable code of the reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::NothingToPost => "nothing_to_post",
            Self::NetsToZero => "nets_to_zero",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingToPost => "every line of the event is zero, so there is nothing to post",
            Self::NetsToZero => "netted, the debits and credits of each account cancel out, so there is nothing to post",
        })
    }
}

/// Builds the journal entry of an event.
///
/// An event that has several troubles is refused for the first of these: what only its sender can mend (currency,
/// amounts, balance), then the closed period, then the mappings it lacks, all together, then the mapped accounts that
/// cannot be used, then the locations and classes.
///
/// # Errors
/// [`Refusal`], by who can mend it; see its variants.
pub fn journalize(event: &Event, books: &Books) -> Result<Journalized, Refusal> {
    let home = books.home_currency;
    let currency = event.currency.unwrap_or(home);
    if currency != home {
        return Err(Refusal::ForeignCurrency {
            event: currency,
            home,
        });
    }

    let mut draft = Draft::new(books, event);
    rules::postings(event, &mut |posting| draft.post(&posting));
    draft.balance()?;
    if draft.is_empty() {
        return Ok(Journalized::Skipped(SkipReason::NothingToPost));
    }
    let (date, note) = date_and_note(event, books)?;
    not_refused_before(date, books)?;
    let lines = draft.into_lines()?;
    if lines.is_empty() {
        return Ok(Journalized::Skipped(SkipReason::NetsToZero));
    }
    let unusable = unusable(&lines, books);
    if !unusable.is_empty() {
        return Err(Refusal::AccountsUnusable(unusable));
    }
    let unusable = unusable_dimensions(&lines, books);
    if !unusable.is_empty() {
        return Err(Refusal::DimensionsUnusable(unusable));
    }
    Ok(Journalized::Entry(JournalEntry::new(
        date, currency, note, lines,
    )?))
}

/// Builds the journal entry of an event from the text it was taken in as: what is posted, previewed and foretold.
///
/// # Errors
/// As [`journalize`]; [`Refusal::Unreadable`] for a text that was taken in by other rules than today's.
pub fn journalize_text(text: &str, books: &Books) -> Result<Journalized, Refusal> {
    let event = Event::parse(text.as_bytes()).map_err(Refusal::Unreadable)?;
    journalize(&event, books)
}

/// What QuickBooks refused for its date before, it would refuse again.
fn not_refused_before(accounting_date: NaiveDate, books: &Books) -> Result<(), Refusal> {
    match books.closed_through_refused {
        Some(refused_through) if accounting_date <= refused_through => {
            Err(Refusal::PeriodRefused {
                accounting_date,
                refused_through,
                closing_date: books.closing_date,
            })
        }
        Some(_) | None => Ok(()),
    }
}

/// The accounts of these lines that QuickBooks would refuse, each once.
fn unusable(lines: &[Line], books: &Books) -> Vec<(Ref, Unusable)> {
    let mut found: Vec<(Ref, Unusable)> = Vec::new();
    if books.unusable.is_empty() {
        return found;
    }
    for line in lines {
        if let Some(why) = books.unusable.get(&line.account)
            && !found.iter().any(|(account, _)| *account == line.account)
        {
            found.push((line.account.clone(), *why));
        }
    }
    found
}

/// The locations and classes of these lines that QuickBooks would refuse, each once.
fn unusable_dimensions(lines: &[Line], books: &Books) -> Vec<(Dimension, Ref, Unusable)> {
    let carried = |dimension: Dimension, id: &Ref| {
        lines.iter().any(|line| {
            let of_line = match dimension {
                Dimension::Location => &line.department,
                Dimension::Class => &line.class,
            };
            of_line.as_ref() == Some(id)
        })
    };
    let unusable = books.unusable_dimensions.iter();
    unusable
        .filter(|(dimension, id, _)| carried(*dimension, id))
        .cloned()
        .collect()
}

/// The entry's date under the closed-period policy, and its private note.
fn date_and_note(event: &Event, books: &Books) -> Result<(NaiveDate, Option<String>), Refusal> {
    let accounting_date = event.accounting_date();
    let memo = event.memo.as_deref().filter(|memo| !memo.is_empty());
    let closing_date = match books.closing_date {
        Some(closing_date) if accounting_date <= closing_date => closing_date,
        Some(_) | None => return Ok((accounting_date, memo.map(str::to_owned))),
    };
    let first_open_day = match books.closed_period {
        ClosedPeriod::Fail => None,
        ClosedPeriod::FirstOpenDay => closing_date.succ_opt(),
    };
    let Some(first_open_day) = first_open_day else {
        return Err(Refusal::ClosedPeriod {
            accounting_date,
            closing_date,
        });
    };
    let redated = format!(
        "Original date {accounting_date}; dated the first open day because the books are closed through {closing_date}"
    );
    let note = match memo {
        Some(memo) => format!("{memo}\n{redated}"),
        None => redated,
    };
    Ok((first_open_day, Some(note)))
}
