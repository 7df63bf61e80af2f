//! Text made fit for QuickBooks: its lengths, its characters.

/// Longest `DocNumber`, in UTF-16 units.
pub const DOCUMENT_NUMBER_LENGTH_MAX: usize = 21;
/// Longest line description, in UTF-16 units.
pub const DESCRIPTION_LENGTH_MAX: usize = 4000;
/// Longest `PrivateNote`, in UTF-16 units.
pub const PRIVATE_NOTE_LENGTH_MAX: usize = 4000;

/// Which characters a company takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Charset {
    /// ISO-8859-1 only: companies in the United States.
    Latin1,
    /// All of Unicode: everybody else.
    Unicode,
}

/// The text without control characters and surrounding blanks, spelled in the charset, and cut to
/// `length_max`. A line break becomes a space.
pub(crate) fn fit(text: &str, charset: Charset, length_max: usize) -> String {
    let mut fitted = String::with_capacity(text.len().min(length_max));
    for character in text.chars() {
        match character {
            '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => fitted.push(' '),
            // Not characters at all; XML readers on the way refuse them.
            '\u{FFFE}' | '\u{FFFF}' => {}
            _ if character.is_control() => {}
            _ if charset == Charset::Unicode || character <= '\u{FF}' => fitted.push(character),
            _ => fitted.push_str(in_latin1(character)),
        }
    }
    cut(fitted.trim(), length_max).trim_end().to_owned()
}

/// Length as QuickBooks counts it: UTF-16 units, which is never less than characters.
pub(crate) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn cut(text: &str, length_max: usize) -> &str {
    let mut length = 0;
    let end = text.char_indices().find_map(|(index, character)| {
        length += character.len_utf16();
        (length > length_max).then_some(index)
    });
    &text[..end.unwrap_or(text.len())]
}

/// The usual spelling of a character that ISO-8859-1 lacks, or `?`.
fn in_latin1(character: char) -> &'static str {
    match character {
        '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' => "'",
        '“' | '”' | '„' | '‟' | '″' => "\"",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '‹' => "<",
        '›' => ">",
        '…' => "...",
        '•' | '‣' | '∙' => "\u{B7}",
        '⁄' | '∕' => "/",
        '×' => "\u{D7}",
        '≈' | '∼' => "~",
        '≤' => "<=",
        '≥' => ">=",
        '→' => "->",
        '←' => "<-",
        '€' => "EUR",
        '™' => "(TM)",
        '№' => "No.",
        'Œ' => "OE",
        'œ' => "oe",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'Ā' | 'Ă' | 'Ą' => "A",
        'ā' | 'ă' | 'ą' => "a",
        'Ć' | 'Č' => "C",
        'ć' | 'č' => "c",
        'Ď' | 'Đ' => "D",
        'ď' | 'đ' => "d",
        'Ē' | 'Ė' | 'Ę' | 'Ě' => "E",
        'ē' | 'ė' | 'ę' | 'ě' => "e",
        'Ğ' | 'Ģ' => "G",
        'ğ' | 'ģ' => "g",
        'Ī' | 'İ' | 'Į' => "I",
        'ī' | 'ı' | 'į' => "i",
        'Ł' | 'Ľ' | 'Ļ' => "L",
        'ł' | 'ľ' | 'ļ' => "l",
        'Ń' | 'Ň' | 'Ņ' => "N",
        'ń' | 'ň' | 'ņ' => "n",
        'Ō' | 'Ő' => "O",
        'ō' | 'ő' => "o",
        'Ř' => "R",
        'ř' => "r",
        'Ś' | 'Ş' | 'Š' | 'Ș' => "S",
        'ś' | 'ş' | 'š' | 'ș' => "s",
        'Ť' | 'Ţ' | 'Ț' => "T",
        'ť' | 'ţ' | 'ț' => "t",
        'Ū' | 'Ů' | 'Ű' | 'Ų' => "U",
        'ū' | 'ů' | 'ű' | 'ų' => "u",
        'Ÿ' => "Y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ź' | 'ż' | 'ž' => "z",
        '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => " ",
        // Combining accents, joiners and direction marks have no width of their own.
        '\u{300}'..='\u{36F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' => "",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin1_spells_common_typography_and_marks_the_rest() {
        let text = "“Zoë’s” café — ½ price…\u{200B} №7 Łódź €5 🎁 日本";
        let fitted = fit(text, Charset::Latin1, 200);
        assert_eq!(fitted, "\"Zoë's\" café - ½ price... No.7 Lódz EUR5 ? ??");
    }

    #[test]
    fn unicode_keeps_everything_but_controls() {
        let fitted = fit(
            "  日本 🎁\u{0}\u{7}\u{9b}\nŁódź \u{FFFF} ",
            Charset::Unicode,
            200,
        );
        assert_eq!(fitted, "日本 🎁 Łódź");
    }

    #[test]
    fn a_surrogate_pair_counts_as_two_and_is_never_split() {
        assert_eq!(fit("ab🎁", Charset::Unicode, 3), "ab");
        assert_eq!(fit("ab🎁", Charset::Unicode, 4), "ab🎁");
    }
}
