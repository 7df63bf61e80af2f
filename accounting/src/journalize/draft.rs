//! An entry in the making: amounts are evaluated, accounts looked up, equal lines merged.

use crate::decimal::cost_minor;
use crate::rules::{Measure, Place, Posting, Words};
use crate::{
    Amount, Books, Currency, Event, Key, Line, LocationRefs, Missing, Ref, Refusal, Side, Slot,
};
use crate::{Transaction, max_rounding_tolerance_minor};

/// A description longer than this is cut after a whole part; only netted lines come near.
const DESCRIPTION_BYTES_MAX: usize = 1_000;

pub(super) struct Draft<'a> {
    books: &'a Books,
    event: &'a Event,
    /// The event's own location in the books, looked up once.
    here: Option<&'a LocationRefs>,
    lines: Vec<DraftLine<'a>>,
    missing: Vec<Missing>,
    trouble: Option<Refusal>,
    /// Sums of the rows with a debit side only (payments) and a credit side only (what they paid for).
    payments: i128,
    sold: i128,
}

struct DraftLine<'a> {
    slot: Slot,
    key: Option<&'a str>,
    account: &'a Ref,
    side: Side,
    refs: Option<&'a LocationRefs>,
    amount_minor: i64,
    words: &'static str,
    /// The words of a line of another meaning merged in: a refund and change given from the same drawer.
    more_words: Option<&'static str>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(books: &'a Books, event: &'a Event) -> Self {
        let expected = match &event.transaction {
            Transaction::Ticket(sale) | Transaction::SalesInvoice(sale) => {
                sale.payments.len() + 3 * sale.lines.len()
            }
            Transaction::CustomerDeposit(_)
            | Transaction::PurchaseReceipt(_)
            | Transaction::PurchaseReturn(_)
            | Transaction::TransferShipment(_)
            | Transaction::TransferReceipt(_)
            | Transaction::InventoryAdjustment(_)
            | Transaction::GiftCardAdjustment(_)
            | Transaction::CashPaid(_) => 4,
        };
        Self {
            books,
            event,
            here: location_refs(books, event.location.as_ref()),
            // Many lines of a long ticket share a class and merge, so a long one does not reserve for all of them.
            lines: Vec::with_capacity(expected.min(16)),
            missing: Vec::new(),
            trouble: None,
            payments: 0,
            sold: 0,
        }
    }

    /// Takes one row of the posting rules.
    pub(super) fn post(&mut self, posting: &Posting<'a>) {
        if self.trouble.is_none()
            && let Err(refusal) = self.try_post(posting)
        {
            self.trouble = Some(refusal);
        }
    }

    fn try_post(&mut self, posting: &Posting<'a>) -> Result<(), Refusal> {
        let minor = minor(posting.measure, self.books.home_currency)?;
        match (posting.debit.is_some(), posting.credit.is_some()) {
            (true, false) => self.payments += i128::from(minor),
            (false, true) => self.sold += i128::from(minor),
            (true, true) | (false, false) => {}
        }
        if minor == 0 {
            return Ok(());
        }
        let magnitude = minor.checked_abs().ok_or(Refusal::AmountTooLarge)?;
        let turned = minor < 0;
        for (place, side) in [
            (&posting.debit, Side::Debit),
            (&posting.credit, Side::Credit),
        ] {
            if let Some(place) = place {
                let side = if turned { side.opposite() } else { side };
                let words = if turned {
                    place.words.turned
                } else {
                    place.words.plain
                };
                self.add(place, side, words, magnitude)?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        place: &Place<'a>,
        side: Side,
        words: &'static str,
        amount_minor: i64,
    ) -> Result<(), Refusal> {
        let key = place.key.map(Key::as_str);
        let location = place.location.map(Key::as_str);
        let Some(account) = self.books.mapping.resolve(place.slot, key, location) else {
            let missing = Missing {
                slot: place.slot,
                key: key.map(str::to_owned),
                location: location.map(str::to_owned),
            };
            if !self.missing.contains(&missing) {
                self.missing.push(missing);
            }
            return Ok(());
        };
        let own = place.location.map(Key::as_str) == self.event.location.as_deref();
        let refs = if own {
            self.here
        } else {
            location_refs(self.books, place.location)
        };
        let slot = place.slot;
        let same = |line: &&mut DraftLine<'_>| {
            line.slot == slot
                && line.side == side
                && line.key == key
                && line.account == account
                && same_refs(line.refs, refs)
        };
        match self.lines.iter_mut().find(same) {
            Some(line) => {
                line.amount_minor = line
                    .amount_minor
                    .checked_add(amount_minor)
                    .ok_or(Refusal::AmountTooLarge)?;
                if line.words != words {
                    line.more_words = Some(words);
                }
            }
            None => self.lines.push(DraftLine {
                slot,
                key,
                account,
                side,
                refs,
                amount_minor,
                words,
                more_words: None,
            }),
        }
        Ok(())
    }

    /// Sees that payments agree with what they paid for, and posts a difference within the tolerance to rounding.
    pub(super) fn balance(&mut self) -> Result<(), Refusal> {
        if let Some(refusal) = self.trouble.take() {
            return Err(refusal);
        }
        if self.payments == self.sold {
            return Ok(());
        }
        let currency = self.books.home_currency;
        let amount = |sum: i128| {
            let minor = i64::try_from(sum).map_err(|_| Refusal::AmountTooLarge)?;
            Ok::<_, Refusal>(Amount::of_minor(minor, currency))
        };
        let (payments, lines) = (amount(self.payments)?, amount(self.sold)?);
        let difference = amount(self.payments - self.sold)?;
        let tolerance_minor = self
            .books
            .rounding_tolerance_minor
            .clamp(0, max_rounding_tolerance_minor(currency));
        if difference.minor.unsigned_abs() > tolerance_minor.unsigned_abs() {
            let tolerance = Amount::of_minor(tolerance_minor, currency);
            return Err(Refusal::UnbalancedEvent {
                payments,
                lines,
                difference,
                tolerance,
            });
        }
        let place = Place {
            slot: Slot::Rounding,
            key: None,
            location: self.event.location.as_ref(),
            words: Words {
                plain: "Rounding: paid more",
                turned: "Rounding: paid less",
            },
        };
        let (side, words) = match difference.minor > 0 {
            true => (Side::Credit, place.words.plain),
            false => (Side::Debit, place.words.turned),
        };
        // The tolerance is at most one unit of the currency, so its magnitude fits.
        self.add(&place, side, words, difference.minor.abs())
    }

    /// Whether every line was zero.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.missing.is_empty()
    }

    /// The finished lines; none when netting left none.
    pub(super) fn into_lines(self) -> Result<Vec<Line>, Refusal> {
        if !self.missing.is_empty() {
            return Err(Refusal::MissingMappings(self.missing));
        }
        let lines = self.lines.into_iter().map(DraftLine::finish).collect();
        if self.books.net_lines {
            net(lines)
        } else {
            Ok(lines)
        }
    }
}

fn minor(measure: Measure, currency: Currency) -> Result<i64, Refusal> {
    match measure {
        Measure::Amount(amount) => amount
            .minor(currency)
            .ok_or_else(|| Refusal::TooManyDecimals {
                amount: amount.to_string(),
                currency,
            }),
        Measure::Cost(quantity, unit_cost) => {
            cost_minor(quantity, unit_cost, currency).ok_or(Refusal::AmountTooLarge)
        }
    }
}

fn location_refs<'a>(books: &'a Books, location: Option<&Key>) -> Option<&'a LocationRefs> {
    if books.locations.is_empty() {
        return None;
    }
    location.and_then(|location| books.locations.get(location.as_str()))
}

/// A location without a QuickBooks Location or Class posts like no location at all.
fn same_refs(a: Option<&LocationRefs>, b: Option<&LocationRefs>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => std::ptr::eq(a, b) || a == b,
        (None, None) => true,
        (Some(one), None) | (None, Some(one)) => *one == LocationRefs::default(),
    }
}

impl DraftLine<'_> {
    fn finish(self) -> Line {
        let refs = self.refs;
        Line {
            account: self.account.clone(),
            side: self.side,
            amount_minor: self.amount_minor,
            description: describe(self.words, self.more_words, self.key),
            department: refs.and_then(|refs| refs.department.clone()),
            class: refs.and_then(|refs| refs.class.clone()),
        }
    }
}

/// `Sales: apparel`, `Sales tax`, `Refund and change given: cash`.
fn describe(words: &str, more_words: Option<&str>, key: Option<&str>) -> String {
    let more_len = more_words.map_or(0, |more| more.len() + 5);
    let mut text =
        String::with_capacity(words.len() + more_len + key.map_or(0, |key| key.len() + 2));
    text.push_str(words);
    if let Some(more) = more_words {
        text.push_str(" and ");
        text.push_str(&more.to_ascii_lowercase());
    }
    if let Some(key) = key {
        text.push_str(": ");
        text.push_str(key);
    }
    text
}

/// One line for each account, location and class: the larger side less the smaller. The first line's place is kept.
fn net(lines: Vec<Line>) -> Result<Vec<Line>, Refusal> {
    let mut netted: Vec<(Line, i128)> = Vec::with_capacity(lines.len());
    for line in lines {
        let signed = match line.side {
            Side::Debit => i128::from(line.amount_minor),
            Side::Credit => -i128::from(line.amount_minor),
        };
        let same = |(first, _): &&mut (Line, i128)| {
            first.account == line.account
                && first.department == line.department
                && first.class == line.class
        };
        match netted.iter_mut().find(same) {
            Some((first, sum)) => {
                *sum += signed;
                join(&mut first.description, &line.description);
            }
            None => netted.push((line, signed)),
        }
    }
    let unless_zero = netted.into_iter().filter(|(_, sum)| *sum != 0);
    unless_zero
        .map(|(line, sum)| {
            let side = if sum > 0 { Side::Debit } else { Side::Credit };
            let amount_minor =
                i64::try_from(sum.unsigned_abs()).map_err(|_| Refusal::AmountTooLarge)?;
            Ok(Line {
                side,
                amount_minor,
                ..line
            })
        })
        .collect()
}

/// Adds what a line was to the netted line's description, as long as it stays readable.
fn join(description: &mut String, part: &str) {
    const MORE: &str = "; …";
    if description.ends_with(MORE) {
        return;
    }
    if description.len() + part.len() > DESCRIPTION_BYTES_MAX {
        description.push_str(MORE);
    } else {
        description.push_str("; ");
        description.push_str(part);
    }
}
