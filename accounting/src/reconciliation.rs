//! Comparing what we posted with what stands in the books: told apart by value, nothing decided, nothing repaired.
//!
//! An entry of ours is known by its id in the books, and by the mark that it carries: whose event it is, and of which
//! content. [`reconcile`] takes both sides and what is known of ids that are gone, and gives every [`Finding`].

mod difference;

pub use difference::{Content, Difference, PostedLine, differences};

use crate::Ref;
use std::collections::{BTreeSet, HashMap, HashSet};

/// An entry that we posted, as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// Its id in the books.
    pub entry: Ref,
    /// Whose it is.
    pub event: Ref,
    /// What it said when it was posted.
    pub content: Content,
    /// What its mark says its content hashes to.
    pub hash: String,
}

/// An entry as it stands in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theirs {
    /// Its id.
    pub entry: Ref,
    /// What it says now.
    pub content: Content,
    /// The marks of ours in its note, in their order.
    pub marks: Vec<Mark>,
}

/// The mark in an entry's note.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Whose entry it says it is.
    pub event: Ref,
    /// The content it vouches for.
    pub hash: String,
}

/// What is known besides the entries that were read.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Ids that the books report as deleted.
    pub deleted: HashSet<Ref>,
    /// Ids that were asked for and are not there.
    pub absent: HashSet<Ref>,
    /// Events whose entry is being sent, or of which nobody knows yet whether it was: nothing is said of them.
    pub unsettled: HashSet<Ref>,
}

/// What is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Ours is not there, and the books do not say that it was deleted.
    Missing,
    /// Ours was deleted.
    Deleted,
    /// An entry carries the mark of an event that has one already.
    Duplicated,
    /// Ours says something else than it was posted with.
    Edited,
    /// An entry that is not ours passes for it.
    Foreign,
}

/// Why an entry is foreign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Foreign {
    /// It carries a mark of ours, but of an event, or an entry of one, that we do not know.
    UnknownMark,
    /// It carries no mark, but the number of an entry of ours.
    OurNumber,
}

/// One thing that is not as we left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// The entry in the books that it is about.
    pub entry: Ref,
    /// Whose entry it is, or says it is.
    pub event: Option<Ref>,
    /// Our entry that it is about, by its id in the books: another one where this stands in its place, or beside it.
    pub ours: Option<Ref>,
    /// Why it is foreign.
    pub foreign: Option<Foreign>,
    /// What it says, and what it said.
    pub differences: Vec<Difference>,
}

/// What a comparison gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Every finding, in the order of the ids of entries.
    pub findings: Vec<Finding>,
    /// Entries of ours that are gone and have another in their place that carries their mark: ours, then the other.
    pub stand_ins: Vec<(Ref, Ref)>,
}

/// Compares. An entry of ours that is neither among `theirs` nor known to be gone is taken to be there, unchanged.
#[must_use]
pub fn reconcile(ours: &[Ours], theirs: &[Theirs], known: &Known) -> Reconciled {
    let mut books = Books::over(ours, theirs);
    let mut all = Reconciled::default();
    for one in ours {
        books.compare(one, known, &mut all);
    }
    let numbers: HashMap<&str, &Ours> = ours
        .iter()
        .filter_map(|one| one.content.number.as_deref().map(|number| (number, one)))
        .collect();
    for entry in &books.others {
        all.findings.extend(stranger(entry, &numbers, known));
    }
    all.findings
        .sort_by(|a, b| (&a.entry, a.kind).cmp(&(&b.entry, b.kind)));
    all
}

struct Books<'a> {
    by_id: HashMap<&'a Ref, &'a Theirs>,
    /// By event, the entries that carry its mark without being an entry of ours, each once, in the order of their ids.
    carriers: HashMap<&'a Ref, BTreeSet<&'a Ref>>,
    /// Entries that are none of ours and carry the mark of none of them.
    others: Vec<&'a Theirs>,
}

impl<'a> Books<'a> {
    fn over(ours: &'a [Ours], theirs: &'a [Theirs]) -> Self {
        let ids: HashSet<&Ref> = ours.iter().map(|one| &one.entry).collect();
        let events: HashSet<&Ref> = ours.iter().map(|one| &one.event).collect();
        let mut carriers: HashMap<&Ref, BTreeSet<&Ref>> = HashMap::new();
        let mut others = Vec::new();
        for entry in theirs.iter().filter(|entry| !ids.contains(&entry.entry)) {
            // The first mark of an event of ours is what it passes for.
            match entry.marks.iter().find(|mark| events.contains(&mark.event)) {
                Some(mark) => {
                    carriers
                        .entry(&mark.event)
                        .or_default()
                        .insert(&entry.entry);
                }
                None => others.push(entry),
            }
        }
        Self {
            by_id: theirs.iter().map(|entry| (&entry.entry, entry)).collect(),
            carriers,
            others,
        }
    }

    fn compare(&mut self, ours: &'a Ours, known: &Known, all: &mut Reconciled) {
        let carriers = self.carriers.remove(&ours.event).unwrap_or_default();
        let mut carriers: Vec<&Theirs> = carriers
            .into_iter()
            .filter_map(|id| self.by_id.get(id).copied())
            .collect();
        if let Some(itself) = self.by_id.get(&ours.entry) {
            all.findings.extend(edited(ours, itself));
        } else if known.deleted.contains(&ours.entry) || known.absent.contains(&ours.entry) {
            match stand_in(ours, &carriers) {
                Some(place) => {
                    let other = carriers.remove(place);
                    all.findings.extend(edited(ours, other));
                    all.stand_ins
                        .push((ours.entry.clone(), other.entry.clone()));
                }
                None => all.findings.push(gone(ours, known)),
            }
        }
        for carrier in carriers {
            all.findings.push(Finding {
                kind: Kind::Duplicated,
                ours: Some(ours.entry.clone()),
                ..Finding::of(&carrier.entry, Some(&ours.event))
            });
        }
    }
}

impl Finding {
    fn of(entry: &Ref, event: Option<&Ref>) -> Self {
        Self {
            kind: Kind::Foreign,
            entry: entry.clone(),
            event: event.cloned(),
            ours: None,
            foreign: None,
            differences: Vec::new(),
        }
    }
}

fn edited(ours: &Ours, theirs: &Theirs) -> Option<Finding> {
    let mut found = differences(&ours.content, &theirs.content);
    let mark = Mark {
        event: ours.event.clone(),
        hash: ours.hash.clone(),
    };
    if !theirs.marks.contains(&mark) {
        found.push(Difference::Mark);
    }
    (!found.is_empty()).then(|| Finding {
        kind: Kind::Edited,
        ours: Some(ours.entry.clone()),
        differences: found,
        ..Finding::of(&theirs.entry, Some(&ours.event))
    })
}

fn gone(ours: &Ours, known: &Known) -> Finding {
    Finding {
        kind: match known.deleted.contains(&ours.entry) {
            true => Kind::Deleted,
            false => Kind::Missing,
        },
        ours: Some(ours.entry.clone()),
        // What it posted, so that a person can enter it again.
        differences: differences(
            &ours.content,
            &Content {
                lines: Vec::new(),
                ..ours.content.clone()
            },
        ),
        ..Finding::of(&ours.entry, Some(&ours.event))
    }
}

// The first that says the same, or else the first.
fn stand_in(ours: &Ours, carriers: &[&Theirs]) -> Option<usize> {
    let same = carriers
        .iter()
        .position(|carrier| edited(ours, carrier).is_none());
    same.or((!carriers.is_empty()).then_some(0))
}

fn stranger(entry: &Theirs, numbers: &HashMap<&str, &Ours>, known: &Known) -> Option<Finding> {
    let unsettled = |mark: &Mark| known.unsettled.contains(&mark.event);
    if entry.marks.iter().any(unsettled) {
        return None;
    }
    if let Some(mark) = entry.marks.first() {
        return Some(Finding {
            foreign: Some(Foreign::UnknownMark),
            ..Finding::of(&entry.entry, Some(&mark.event))
        });
    }
    let holder = numbers.get(entry.content.number.as_deref()?)?;
    Some(Finding {
        foreign: Some(Foreign::OurNumber),
        ours: Some(holder.entry.clone()),
        ..Finding::of(&entry.entry, Some(&holder.event))
    })
}

impl Kind {
    /// Every kind, the gravest first.
    pub const ALL: [Self; 5] = [
        Self::Missing,
        Self::Deleted,
        Self::Duplicated,
        Self::Edited,
        Self::Foreign,
    ];

    /// Its name, for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Deleted => "deleted",
            Self::Duplicated => "duplicated",
            Self::Edited => "edited",
            Self::Foreign => "foreign",
        }
    }
}

#[cfg(test)]
mod tests;
