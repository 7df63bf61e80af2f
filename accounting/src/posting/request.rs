//! What goes out together, and under which name.
//!
//! An entry goes out singly, under its own request id, or as an item of a batch. QuickBooks recognises a repeated item by the
//! batch's request id and the item's id together, so an entry that was ever intended as an item goes out again under those
//! two, and one that was intended singly goes out singly: the way is fixed by the first intent, in its transaction.

use super::mutant::{Mutant, acts};
use super::name::batch_request_id;

/// Items in one batch at the most.
pub const BATCH_ITEMS_MAX: usize = 30;

/// The name of an item: what QuickBooks recognises its repetition by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchName {
    /// The batch's request id, 36 characters at the most.
    pub request_id: String,
    /// The item's id in it, 10 characters at the most.
    pub item_id: String,
}

/// An entry that may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<K> {
    /// Which.
    pub key: K,
    /// Under which name it goes out singly.
    pub request_id: String,
    /// Intents recorded so far.
    pub attempts: u32,
    /// The name it was intended under, where that was as an item of a batch.
    pub batch: Option<BatchName>,
    /// Whether a past sync queued it: then it may wait for others.
    pub past: bool,
}

impl<K> Candidate<K> {
    // Nothing of it was ever intended, so both ways are open.
    fn is_free(&self) -> bool {
        self.attempts == 0 && self.batch.is_none() || acts(Mutant::Rebatched)
    }

    fn goes_singly(&self) -> bool {
        if acts(Mutant::ItemGoesSingly) && self.batch.is_some() {
            return true;
        }
        self.batch.is_none() && !(self.past && self.is_free())
    }
}

/// An item of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<K> {
    /// Which entry.
    pub key: K,
    /// Its id in the batch.
    pub item_id: String,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<K> {
    /// One entry, under its own request id.
    Single(K),
    /// Several, each with an outcome of its own.
    Batch {
        /// The batch's request id.
        request_id: String,
        /// In the order they go out; never empty.
        items: Vec<Item<K>>,
    },
}

impl<K: Copy> Request<K> {
    /// The entries it carries.
    #[must_use]
    pub fn keys(&self) -> Vec<K> {
        match self {
            Self::Single(key) => vec![*key],
            Self::Batch { items, .. } => items.iter().map(|item| item.key).collect(),
        }
    }

    /// The name that an entry goes out under as an item; `None`: singly, under its own.
    #[must_use]
    pub fn batch_name(&self, place: usize) -> Option<BatchName> {
        match self {
            Self::Single(_) => None,
            Self::Batch { request_id, items } => items.get(place).map(|item| BatchName {
                request_id: request_id.clone(),
                item_id: item.item_id.clone(),
            }),
        }
    }

    /// The same request with those of its entries that `keep` keeps; `None` where that is nothing. The names stay.
    #[must_use]
    pub fn keeping(self, keep: impl Fn(K) -> bool) -> Option<Self> {
        match self {
            Self::Single(key) => keep(key).then_some(Self::Single(key)),
            Self::Batch {
                request_id,
                mut items,
            } => {
                items.retain(|item| keep(item.key));
                (!items.is_empty()).then_some(Self::Batch { request_id, items })
            }
        }
    }
}

/// What is to be sent, for whoever keeps the company's pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Entries that go singly: live ones, and those that went singly before.
    pub singles: usize,
    /// Batches that went out before and go out again.
    pub batches: usize,
    /// Entries that may go either way.
    pub either: usize,
}

impl Wanted {
    /// What these ask for.
    pub fn of<K: Copy>(ready: &[Candidate<K>]) -> Self {
        Self {
            singles: ready.iter().filter(|entry| entry.goes_singly()).count(),
            batches: again(ready).len(),
            either: ready
                .iter()
                .filter(|entry| entry.past && entry.is_free())
                .count(),
        }
    }

    /// How many single requests could be used.
    #[must_use]
    pub const fn singles_at_most(self) -> usize {
        self.singles + self.either
    }

    /// How many batches of `items` could be used.
    #[must_use]
    pub const fn batches_at_most(self, items: usize) -> usize {
        match items {
            0 | 1 => self.batches,
            _ => self.batches + self.either.div_ceil(items),
        }
    }
}

/// How many requests the company's pace allows now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Shares {
    /// Single requests.
    pub singles: usize,
    /// Batches.
    pub batches: usize,
}

/// The requests of a wave: live entries first and singly; batches that went out before, under their names; then what may wait,
/// in batches of up to `batch_items` and with the single requests that are left. What there is no share for stays queued.
pub(super) fn plan<K: Copy>(
    ready: &[Candidate<K>],
    shares: Shares,
    batch_items: usize,
) -> Vec<Request<K>> {
    let mut requests: Vec<Request<K>> = ready
        .iter()
        .filter(|entry| entry.goes_singly())
        .take(shares.singles)
        .map(|entry| Request::Single(entry.key))
        .collect();
    let singles_left = shares.singles - requests.len();
    let mut batches: Vec<Request<K>> = again(ready);
    batches.truncate(shares.batches);
    let mut free: Vec<&Candidate<K>> = ready
        .iter()
        .filter(|entry| entry.past && entry.is_free())
        .collect();
    while batch_items > 1 && batches.len() < shares.batches && !free.is_empty() {
        let rest = free.split_off(free.len().min(batch_items));
        batches.push(batch(&free));
        free = rest;
    }
    requests.extend(batches);
    requests.extend(
        free.into_iter()
            .take(singles_left)
            .map(|entry| Request::Single(entry.key)),
    );
    requests
}

// A new batch, named for its items.
fn batch<K: Copy>(entries: &[&Candidate<K>]) -> Request<K> {
    Request::Batch {
        request_id: batch_request_id(entries.iter().map(|entry| entry.request_id.as_str())),
        items: entries
            .iter()
            .zip(1..)
            .map(|(entry, place)| Item {
                key: entry.key,
                item_id: format!("i{place}"),
            })
            .collect(),
    }
}

// Items that go out again, those of one batch together.
fn again<K: Copy>(ready: &[Candidate<K>]) -> Vec<Request<K>> {
    let mut batches: Vec<Request<K>> = Vec::new();
    for entry in ready {
        let Some(name) = &entry.batch else { continue };
        if acts(Mutant::ItemGoesSingly) || acts(Mutant::Rebatched) {
            continue;
        }
        let item = Item {
            key: entry.key,
            item_id: name.item_id.clone(),
        };
        let together = batches.iter_mut().find_map(|batch| match batch {
            Request::Batch { request_id, items }
                if *request_id == name.request_id && items.len() < BATCH_ITEMS_MAX =>
            {
                Some(items)
            }
            _ => None,
        });
        match together {
            Some(items) => items.push(item),
            None => batches.push(Request::Batch {
                request_id: name.request_id.clone(),
                items: vec![item],
            }),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(key: u32, past: bool) -> Candidate<u32> {
        Candidate {
            key,
            request_id: format!("r{key}"),
            attempts: 0,
            batch: None,
            past,
        }
    }

    fn keys(requests: &[Request<u32>]) -> Vec<Vec<u32>> {
        requests.iter().map(Request::keys).collect()
    }

    #[test]
    fn live_entries_go_singly_and_first_and_past_ones_fill_batches_and_what_is_left() {
        let ready: Vec<_> = (0..2)
            .map(|key| candidate(key, false))
            .chain((2..10).map(|key| candidate(key, true)))
            .collect();
        let wanted = Wanted::of(&ready);
        assert_eq!((wanted.singles, wanted.batches, wanted.either), (2, 0, 8));
        assert_eq!(wanted.batches_at_most(3), 3);
        let shares = |singles, batches| Shares { singles, batches };
        let requests = plan(&ready, shares(4, 2), 3);
        assert_eq!(
            keys(&requests),
            [
                vec![0],
                vec![1],
                vec![2, 3, 4],
                vec![5, 6, 7],
                vec![8],
                vec![9]
            ]
        );
        let without = plan(&ready, shares(10, 2), 0);
        assert_eq!(without.len(), 10, "batches are turned off");
        assert!(
            without
                .iter()
                .all(|request| matches!(request, Request::Single(_)))
        );
        assert_eq!(keys(&plan(&ready, shares(1, 0), 3)), [[0]]);
    }

    #[test]
    fn an_entry_goes_out_again_under_the_name_it_was_intended_under() {
        let batch = |key, request_id: &str, item_id: &str| Candidate {
            attempts: 1,
            batch: Some(BatchName {
                request_id: request_id.to_owned(),
                item_id: item_id.to_owned(),
            }),
            ..candidate(key, true)
        };
        let ready = [
            batch(1, "one", "i4"),
            batch(2, "two", "i1"),
            batch(3, "one", "i7"),
            Candidate {
                attempts: 1,
                ..candidate(4, true)
            },
        ];
        let shares = Shares {
            singles: 9,
            batches: 9,
        };
        // Although batches are turned off by now.
        let requests = plan(&ready, shares, 0);
        assert_eq!(keys(&requests), [vec![4], vec![1, 3], vec![2]]);
        let names = [requests[1].batch_name(1), requests[2].batch_name(0)];
        assert_eq!(names[0], ready[2].batch);
        assert_eq!(names[1], ready[1].batch);
        assert_eq!(requests[0].batch_name(0), None);
    }

    #[test]
    fn a_batch_that_loses_items_keeps_its_names() {
        let ready: Vec<_> = (0..3).map(|key| candidate(key, true)).collect();
        let shares = Shares {
            singles: 0,
            batches: 1,
        };
        let request = plan(&ready, shares, 30).remove(0);
        let (name, of_last) = (request.batch_name(0), request.batch_name(2));
        assert_ne!(name, of_last);
        let less = request.clone().keeping(|key| key == 2).unwrap();
        assert_eq!(less.batch_name(0), of_last);
        assert_eq!(request.keeping(|_| false), None);
    }
}
