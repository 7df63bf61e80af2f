//! Objects whose fields are all known and given once, read field by field with their paths.

use std::borrow::Cow;

use super::json::{EventError, Node, Path};

const FIELDS_MAX: usize = 8;

/// An object whose fields are all known and given once.
pub(super) struct Object<'n, 'a> {
    path: &'n Path<'n>,
    known: &'static [&'static str],
    values: [Option<&'n Node<'a>>; FIELDS_MAX],
}

/// The entries of an object node.
fn entries<'n, 'a>(
    node: &'n Node<'a>,
    path: &Path<'_>,
) -> Result<&'n [(Cow<'a, str>, Node<'a>)], EventError> {
    match node {
        Node::Object(entries) => Ok(entries),
        other => Err(path.error(
            "wrong_type",
            format!("is {}; write an object", other.describe()),
        )),
    }
}

/// The field that tells what an object is.
pub(super) fn tag<'n, 'a>(
    node: &'n Node<'a>,
    path: &Path<'_>,
    name: &'static str,
    choices: impl FnOnce() -> String,
) -> Result<&'n Node<'a>, EventError> {
    let found = entries(node, path)?.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value).ok_or_else(|| {
        path.field(name).error(
            "missing_field",
            format!("is missing; write one of {}", choices()),
        )
    })
}

impl<'n, 'a> Object<'n, 'a> {
    /// Opens an object that may hold the `known` fields, each once, and no others.
    pub(super) fn open(
        node: &'n Node<'a>,
        path: &'n Path<'n>,
        known: &'static [&'static str],
    ) -> Result<Self, EventError> {
        let mut values = [None; FIELDS_MAX];
        for (key, value) in entries(node, path)? {
            let refuse = |code, message: &str| {
                let shown: String = key.chars().take(64).collect();
                path.field(&shown).error(code, message)
            };
            let Some(i) = known.iter().position(|name| name == key) else {
                let message = format!("is not a field here; the fields are {}", known.join(", "));
                return Err(refuse("unknown_field", &message));
            };
            if values[i].replace(value).is_some() {
                return Err(refuse("duplicate_field", "is given twice; give it once"));
            }
        }
        Ok(Self {
            path,
            known,
            values,
        })
    }

    fn value(&self, name: &'static str) -> Option<&'n Node<'a>> {
        let place = self.known.iter().position(|known| *known == name);
        place
            .and_then(|i| self.values[i])
            .filter(|node| !matches!(node, Node::Null))
    }

    /// A field that must be there.
    pub(super) fn required<T: Decode>(&self, name: &'static str) -> Result<T, EventError> {
        let path = self.path.field(name);
        match self.value(name) {
            Some(node) => T::decode(node, &path),
            None => Err(path.error("missing_field", format!("is missing; write {}", T::WANTED))),
        }
    }

    /// A field that may be left out or null.
    pub(super) fn optional<T: Decode>(&self, name: &'static str) -> Result<Option<T>, EventError> {
        let path = self.path.field(name);
        self.value(name)
            .map(|node| T::decode(node, &path))
            .transpose()
    }
}

/// A value that can be read from the tree.
pub(super) trait Decode: Sized {
    /// What to write, for the message when it is missing or of another type.
    const WANTED: &'static str;

    /// Reads the value.
    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError>;
}

/// The text of a string node.
pub(super) fn text<'n>(
    node: &'n Node<'_>,
    path: &Path<'_>,
    wanted: &str,
) -> Result<&'n str, EventError> {
    match node {
        Node::Text(text) => Ok(text),
        other => Err(path.error(
            "wrong_type",
            format!("is {}; write {wanted}", other.describe()),
        )),
    }
}

/// Lists of at most this many elements are taken in.
pub(super) const ELEMENTS_MAX: usize = 1_000;

impl<T: Decode> Decode for Vec<T> {
    const WANTED: &'static str = "a list";

    fn decode(node: &Node<'_>, path: &Path<'_>) -> Result<Self, EventError> {
        let elements = match node {
            Node::List(elements) => elements,
            other => {
                return Err(path.error(
                    "wrong_type",
                    format!("is {}; write a list", other.describe()),
                ));
            }
        };
        if elements.len() > ELEMENTS_MAX {
            let message = format!(
                "holds {} elements; at most {ELEMENTS_MAX} are taken in",
                elements.len()
            );
            return Err(path.error("too_many_lines", message));
        }
        elements
            .iter()
            .enumerate()
            .map(|(i, element)| T::decode(element, &path.index(i)))
            .collect()
    }
}
