//! A finding in the words of a person who looks at the books.

use super::finding::{DifferenceField, FindingDifference};
use accounting::reconciliation::{Content, Finding, Foreign, Kind};

/// Of differences, how many are spelt out before the rest is counted.
const SPELT: usize = 6;

/// What was found, about an entry that says or said this.
pub(super) fn of(
    finding: &Finding,
    content: &Content,
    differences: &[FindingDifference],
) -> String {
    let number = content.number.as_deref();
    let name = format!(
        "{} of {}",
        number.unwrap_or("an entry without number"),
        content.date
    );
    let (entry, ours) = (&finding.entry, finding.ours.as_ref());
    match finding.kind {
        Kind::Missing => format!(
            "{name}: entry {entry} is not in QuickBooks any more, and QuickBooks does not tell of a deletion."
        ),
        Kind::Deleted => format!("{name}: entry {entry} was deleted in QuickBooks."),
        Kind::Edited => match ours.filter(|ours| *ours != entry) {
            Some(ours) => format!(
                "{name}: entry {entry} stands in the place of entry {ours}, which is gone, and {}.",
                said(differences)
            ),
            None => format!(
                "{name}: entry {entry} was changed in QuickBooks: {}.",
                said(differences)
            ),
        },
        Kind::Duplicated => format!(
            "{name}: entry {entry} is a copy of entry {}: the event is in the books twice.",
            ours.map_or("?", |ours| ours.as_str())
        ),
        Kind::Foreign => match finding.foreign {
            Some(Foreign::OurNumber) => format!(
                "{name}: entry {entry} was not posted by Tillpost but has the number of entry {}, which was.",
                ours.map_or("?", |ours| ours.as_str())
            ),
            _ => format!(
                "{name}: entry {entry} carries Tillpost's mark, but of an entry that was not posted here."
            ),
        },
    }
}

fn said(differences: &[FindingDifference]) -> String {
    let mut said: Vec<String> = differences.iter().take(SPELT).map(one).collect();
    match differences.len().saturating_sub(SPELT) {
        0 => {}
        1 => said.push("1 more difference".to_owned()),
        more => said.push(format!("{more} more differences")),
    }
    said.join("; ")
}

fn one(difference: &FindingDifference) -> String {
    let none = "nothing".to_owned();
    let was = difference.was.as_ref().unwrap_or(&none);
    let is = difference.is.as_ref().unwrap_or(&none);
    match difference.field {
        DifferenceField::Number => format!("the number was {was} and is {is}"),
        DifferenceField::Date => format!("the date was {was} and is {is}"),
        DifferenceField::Amount => format!(
            "{} {} was {was} and is {is}",
            difference.account.as_deref().unwrap_or("?"),
            difference.side.as_deref().unwrap_or("?")
        ),
        DifferenceField::Mark => {
            "its note no longer holds the mark by which it is known to be ours".to_owned()
        }
    }
}
