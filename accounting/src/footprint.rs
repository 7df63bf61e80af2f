//! What an event asks of the mapping, as a set: events with the same footprint are missing the same accounts.

use std::collections::BTreeSet;

use crate::{Event, KeyKind, Missing, Need, Slot};

/// The needs of an event and the locations it names, each once and in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint<'e> {
    /// The accounts it asks the mapping for.
    pub needs: Vec<Need<'e>>,
    /// The locations it names: its own, those that fulfil, and the other end of a transfer.
    pub locations: Vec<&'e str>,
}

impl Event {
    /// What this event asks of the mapping. Two events that ask for the same have equal footprints, in whatever order
    /// their lines stand.
    pub fn footprint(&self) -> Footprint<'_> {
        let mut needs = self.needs();
        needs.sort_unstable();
        Footprint {
            needs,
            locations: self.locations(),
        }
    }
}

impl<'e> Footprint<'e> {
    /// The footprint as bytes: equal for equal footprints and for no others, so that a hash of them is its identity.
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32 * (self.needs.len() + self.locations.len()));
        // Texts hold no control characters, so these two cannot stand inside one; an absent text is not an empty one,
        // which no key can be.
        let mut write = |texts: [&str; 3]| {
            for text in texts {
                bytes.extend(text.as_bytes());
                bytes.push(0);
            }
            bytes.push(1);
        };
        for need in &self.needs {
            write([
                need.slot.as_str(),
                need.key.unwrap_or_default(),
                need.location.unwrap_or_default(),
            ]);
        }
        for location in &self.locations {
            write(["", "", location]);
        }
        bytes
    }

    /// The keys it carries with what each names, each once.
    pub fn keys(&self) -> Vec<(KeyKind, &'e str)> {
        let mut keys: Vec<_> = self
            .needs
            .iter()
            .filter_map(|need| Some((need.slot.key()?, need.key?)))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl From<Need<'_>> for Missing {
    fn from(need: Need<'_>) -> Self {
        Self {
            slot: need.slot,
            key: need.key.map(str::to_owned),
            location: need.location.map(str::to_owned),
        }
    }
}

/// What a key asks for that was declared before any event carried it: the first slot of its kind, and the others of its
/// kind that events ask for already. A payment type asks for `payment` at once, for `deposit` only where deposits are taken.
pub fn needs_of_declared<'k>(kind: KeyKind, key: &'k str, asked: &BTreeSet<Slot>) -> Vec<Need<'k>> {
    let of_kind = || {
        Slot::ALL
            .into_iter()
            .filter(move |slot| slot.key() == Some(kind))
    };
    let first = of_kind().next();
    of_kind()
        .filter(|slot| Some(*slot) == first || asked.contains(slot))
        .map(|slot| Need {
            slot,
            key: Some(key),
            location: None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(lines: &str, location: &str) -> Event {
        let text = format!(
            r#"{{"external_id": "t", "occurred_at": "2026-11-20T18:22:05-05:00", {location}
               "transaction": {{"type": "ticket", "lines": [{lines}], "payments": [{{"payment_type": "cash", "amount": "5.00"}}]}}}}"#
        );
        Event::parse(text.as_bytes()).unwrap()
    }

    const HAT: &str = r#"{"kind": "item", "item_class": "hats", "quantity": "1", "amount": "3.00", "unit_cost": "1.00"}"#;
    const TAX: &str = r#"{"kind": "tax", "amount": "2.00"}"#;

    #[test]
    fn the_order_of_lines_and_their_amounts_leave_no_trace() {
        let one = ticket(&format!("{HAT}, {TAX}"), "");
        let other = ticket(&format!("{TAX}, {HAT}, {HAT}"), "");
        assert_eq!(one.footprint(), other.footprint());
        assert_eq!(one.footprint().canonical(), other.footprint().canonical());
    }

    #[test]
    fn another_need_or_location_is_another_footprint() {
        let plain = ticket(HAT, "");
        for other in [ticket(TAX, ""), ticket(HAT, r#""location": "boston","#)] {
            assert_ne!(plain.footprint().canonical(), other.footprint().canonical());
        }
    }

    #[test]
    fn keys_are_told_once_with_what_they_name() {
        let event = ticket(&format!("{HAT}, {TAX}"), "");
        assert_eq!(
            event.footprint().keys(),
            [(KeyKind::PaymentType, "cash"), (KeyKind::ItemClass, "hats")]
        );
    }

    #[test]
    fn a_declared_key_asks_for_the_first_slot_of_its_kind_and_those_in_use() {
        let asked = |slots: &[Slot]| {
            needs_of_declared(KeyKind::ItemClass, "hats", &slots.iter().copied().collect())
                .into_iter()
                .map(|need| need.slot)
                .collect::<Vec<_>>()
        };
        assert_eq!(asked(&[]), [Slot::Revenue]);
        assert_eq!(
            asked(&[Slot::Payment, Slot::InventoryOnHand]),
            [Slot::Revenue, Slot::InventoryOnHand]
        );
    }
}
