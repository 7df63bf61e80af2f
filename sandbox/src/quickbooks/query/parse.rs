//! A statement's grammar.

use crate::quickbooks::fault::FaultError;

use super::token::{Placed, Token, tokens};

/// A statement taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) count: bool,
    pub(super) entity: String,
    pub(super) conditions: Vec<Condition>,
    pub(super) order: Option<(String, bool)>,
    pub(super) start: usize,
    pub(super) max: usize,
}

/// `property operator value`; only `IN` has several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) property: String,
    pub(super) operator: Operator,
    pub(super) values: Vec<String>,
}

/// A comparison. There is no `!=` and no `OR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Less,
    Greater,
    AtMost,
    AtLeast,
    In,
    Like,
}

struct Parser {
    tokens: Vec<Placed>,
    at: usize,
}

/// Parses a statement.
///
/// # Errors
/// Error 4000 at the first token that does not fit.
pub(super) fn parse(statement: &str) -> Result<Query, FaultError> {
    let mut parser = Parser {
        tokens: tokens(statement)?,
        at: 0,
    };
    parser.keyword("select")?;
    let count = parser.projection()?;
    parser.keyword("from")?;
    let mut query = Query {
        count,
        entity: parser.word()?,
        conditions: Vec::new(),
        order: None,
        start: 1,
        max: 100,
    };
    if parser.takes("where") {
        loop {
            query.conditions.push(parser.condition()?);
            if !parser.takes("and") {
                break;
            }
        }
    }
    if parser.takes("orderby") || parser.takes("order") && parser.keyword("by").map(|()| true)? {
        let property = parser.word()?;
        let descending = parser.takes("desc");
        if !descending {
            parser.takes("asc");
        }
        query.order = Some((property, descending));
    }
    loop {
        if parser.takes("startposition") {
            query.start = parser.integer()?;
        } else if parser.takes("maxresults") {
            query.max = parser.integer()?;
        } else {
            break;
        }
    }
    match parser.peek().token {
        Token::End => Ok(query),
        _ => Err(parser.peek().unexpected()),
    }
}

impl Parser {
    fn peek(&self) -> &Placed {
        // The last token is the end, which is never stepped over.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Placed {
        let placed = self.peek().clone();
        self.at += 1;
        placed
    }

    fn takes(&mut self, keyword: &str) -> bool {
        let found =
            matches!(&self.peek().token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(found);
        found
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), FaultError> {
        if self.takes(keyword) {
            Ok(())
        } else {
            Err(self.peek().unexpected())
        }
    }

    fn takes_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek().token, Token::Symbol(found) if found == symbol);
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &str) -> Result<(), FaultError> {
        if self.takes_symbol(symbol) {
            Ok(())
        } else {
            Err(self.peek().unexpected())
        }
    }

    fn word(&mut self) -> Result<String, FaultError> {
        let placed = self.next();
        match placed.token {
            Token::Word(word) => Ok(word),
            _ => Err(placed.unexpected()),
        }
    }

    fn integer(&mut self) -> Result<usize, FaultError> {
        let placed = self.next();
        match &placed.token {
            Token::Number(number) => number.parse().map_err(|_| placed.unexpected()),
            _ => Err(placed.unexpected()),
        }
    }

    /// `*`, `count(*)`, or a list of properties, which has no effect.
    fn projection(&mut self) -> Result<bool, FaultError> {
        if self.takes_symbol("*") {
            return Ok(false);
        }
        if self.takes("count") {
            self.symbol("(")?;
            self.symbol("*")?;
            self.symbol(")")?;
            return Ok(true);
        }
        self.word()?;
        while self.takes_symbol(",") {
            self.word()?;
        }
        Ok(false)
    }

    fn condition(&mut self) -> Result<Condition, FaultError> {
        let property = self.word()?;
        let operator = self.operator()?;
        let mut values = Vec::new();
        if operator == Operator::In {
            self.symbol("(")?;
            values.push(self.value()?);
            while self.takes_symbol(",") {
                values.push(self.value()?);
            }
            self.symbol(")")?;
        } else {
            values.push(self.value()?);
        }
        Ok(Condition {
            property,
            operator,
            values,
        })
    }

    fn operator(&mut self) -> Result<Operator, FaultError> {
        let placed = self.next();
        match &placed.token {
            Token::Symbol("=") => Ok(Operator::Equal),
            Token::Symbol("<") => Ok(Operator::Less),
            Token::Symbol(">") => Ok(Operator::Greater),
            Token::Symbol("<=") => Ok(Operator::AtMost),
            Token::Symbol(">=") => Ok(Operator::AtLeast),
            Token::Word(word) if word.eq_ignore_ascii_case("in") => Ok(Operator::In),
            Token::Word(word) if word.eq_ignore_ascii_case("like") => Ok(Operator::Like),
            _ => Err(placed.unexpected()),
        }
    }

    fn value(&mut self) -> Result<String, FaultError> {
        let placed = self.next();
        match placed.token {
            Token::Text(text) => Ok(text),
            Token::Number(number) => Ok(number),
            Token::Word(ref word)
                if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") =>
            {
                Ok(word.clone())
            }
            _ => Err(placed.unexpected()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_statement() {
        let query = parse(
            r"SELECT * FROM JournalEntry WHERE DocNumber IN ('a\'b', 'c') AND TxnDate >= '2026-01-01'
              ORDERBY MetaData.CreateTime DESC MAXRESULTS 10 STARTPOSITION 5",
        )
        .unwrap();
        assert_eq!(query.conditions[0].values, ["a'b", "c"]);
        assert_eq!(query.conditions[1].operator, Operator::AtLeast);
        assert_eq!(query.order, Some(("MetaData.CreateTime".to_owned(), true)));
        assert_eq!((query.start, query.max, query.count), (5, 10, false));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_column() {
        let error = parse("select * from Purchase wher TxnDate = 'x'").unwrap_err();
        assert_eq!(
            error.detail.unwrap(),
            "QueryParserError: Encountered \" <IDENTIFIER> \"wher \"\" at line 1, column 24."
        );
        for statement in [
            "",
            "select",
            "select * from",
            "select * from A where B != 'x'",
            "select * from A where B = 'x' or C = 'y'",
            "select * from A where B in ()",
            "select * from A where B = 'x",
        ] {
            assert_eq!(parse(statement).unwrap_err().code, "4000", "{statement}");
        }
    }
}
