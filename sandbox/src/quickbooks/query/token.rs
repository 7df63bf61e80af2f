//! A statement cut into tokens.

use crate::quickbooks::fault::{FaultError, catalogue};

/// A piece of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or keyword.
    Word(String),
    /// A quoted text, unescaped.
    Text(String),
    /// A number as written.
    Number(String),
    /// An operator, parenthesis, comma or star.
    Symbol(&'static str),
    /// Nothing more.
    End,
}

/// A token and the column it starts at, from 1.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) column: usize,
}

impl Placed {
    /// Error 4000 at this token. Recorded for identifiers; the other kinds' names are assumed.
    pub(super) fn unexpected(&self) -> FaultError {
        let (kind, image) = match &self.token {
            Token::Word(word) => ("<IDENTIFIER>", word.as_str()),
            Token::Text(text) => ("<STRING>", text.as_str()),
            Token::Number(number) => ("<INTEGER>", number.as_str()),
            Token::Symbol(symbol) => (*symbol, *symbol),
            Token::End => {
                return catalogue::query_parse(format!(
                    "Encountered \"<EOF>\" at line 1, column {}.",
                    self.column
                ));
            }
        };
        catalogue::query_parse(format!(
            "Encountered \" {kind} \"{image} \"\" at line 1, column {}.",
            self.column
        ))
    }
}

const SYMBOLS: [&str; 9] = ["<=", ">=", "=", "<", ">", "(", ")", ",", "*"];

/// The statement's tokens, the last of them [`Token::End`].
pub(super) fn tokens(statement: &str) -> Result<Vec<Placed>, FaultError> {
    let mut tokens = Vec::new();
    let mut rest = statement;
    loop {
        rest = rest.trim_start();
        let column = statement[..statement.len() - rest.len()].chars().count() + 1;
        let Some(first) = rest.chars().next() else {
            tokens.push(Placed {
                token: Token::End,
                column,
            });
            return Ok(tokens);
        };
        let (token, length) =
            if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                (Token::Symbol(symbol), symbol.len())
            } else if first == '\'' {
                quoted(rest).ok_or_else(|| lexical(first, column))?
            } else if first.is_ascii_digit() || first == '-' {
                let length = span(rest, |c| c.is_ascii_digit() || matches!(c, '.' | '-'));
                (Token::Number(rest[..length].to_owned()), length)
            } else if first.is_alphabetic() || first == '_' {
                let length = span(rest, |c| c.is_alphanumeric() || matches!(c, '_' | '.'));
                (Token::Word(rest[..length].to_owned()), length)
            } else {
                return Err(lexical(first, column));
            };
        tokens.push(Placed { token, column });
        rest = &rest[length..];
    }
}

/// Assumed form.
fn lexical(character: char, column: usize) -> FaultError {
    let code = u32::from(character);
    catalogue::query_parse(format!(
        "Lexical error at line 1, column {column}.  Encountered: \"{character}\" ({code}), after : \"\""
    ))
}

fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|character| !belongs(character))
        .unwrap_or(text.len())
}

/// The quoted text at the start, where `\` takes the next character as it is, and the length it took.
fn quoted(text: &str) -> Option<(Token, usize)> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' => return Some((Token::Text(value), at + 1)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}
