//! Cuts the rows out of a page of engage while its bytes arrive.

use memchr::memchr2;

/// Bytes of one row.
const ROW: usize = 1 << 20;
/// Bytes of a page without its rows.
const ENVELOPE: usize = 64 << 10;

/// Why there's no going on with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRow {
    /// No object, or no rows where rows must be.
    Garbled,
    /// A row or the rest of the page is too large: which, and the bytes it may have.
    Large(&'static str, usize),
}

/// Finds the top level's `results` and gives out its rows one by one. All else is kept and judged
/// by the parser of JSON: this only follows strings and brackets.
#[derive(Default)]
pub(super) struct Splitter {
    /// The page with `results` emptied, as far as it has come.
    envelope: Vec<u8>,
    at: At,
    outer: Scan,
    key: Key,
    inner: Scan,
    /// The beginning of a row whose end hasn't come; a whole one until the next call.
    row: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum At {
    #[default]
    Envelope,
    /// Behind `[`.
    First,
    Row,
    /// Behind a row.
    Behind,
    /// Behind a comma.
    Next,
}

/// How much of `"results": [` has been seen.
#[derive(Clone, Copy, Default)]
enum Key {
    #[default]
    None,
    /// A string of the top level: where in the envelope it begins and ends.
    Text(usize, usize),
    Colon,
}

impl Splitter {
    /// The next whole row, as bytes from `{` to its `}`; `rest` then begins behind it. None where
    /// all of `rest` is used up.
    pub fn next<'r, 'c: 'r>(&'r mut self, rest: &mut &'c [u8]) -> Result<Option<&'r [u8]>, NoRow> {
        if self.at != At::Row {
            self.row.clear();
        }
        while let Some((&byte, tail)) = rest.split_first() {
            match (self.at, byte) {
                (At::Row, _) => return self.end_of_row(rest),
                (At::Envelope, _) => {
                    self.envelop(byte)?;
                    *rest = tail;
                }
                (_, b' ' | b'\t' | b'\n' | b'\r') => *rest = tail,
                (At::First | At::Next, b'{') => self.at = At::Row,
                (At::Behind, b',') => {
                    self.at = At::Next;
                    *rest = tail;
                }
                // The envelope's own: it closes the list there.
                (At::First | At::Behind, b']') => self.at = At::Envelope,
                _ => return Err(NoRow::Garbled),
            }
        }
        Ok(None)
    }

    /// The page with its `results` emptied; not JSON if the page isn't.
    pub fn into_envelope(self) -> Vec<u8> {
        self.envelope
    }

    fn end_of_row<'r, 'c: 'r>(
        &'r mut self,
        rest: &mut &'c [u8],
    ) -> Result<Option<&'r [u8]>, NoRow> {
        let end = self.inner.end(rest);
        let (part, tail) = rest.split_at(end.unwrap_or(rest.len()));
        *rest = tail;
        if self.row.len() + part.len() > ROW {
            return Err(NoRow::Large("a row", ROW));
        }
        if end.is_some() {
            self.at = At::Behind;
            if self.row.is_empty() {
                return Ok(Some(part));
            }
        }
        self.row.extend_from_slice(part);
        Ok(end.map(|_| self.row.as_slice()))
    }

    /// Takes one byte of what isn't a row.
    fn envelop(&mut self, byte: u8) -> Result<(), NoRow> {
        let at = self.envelope.len();
        match (at, byte) {
            (0, b' ' | b'\t' | b'\n' | b'\r') => return Ok(()),
            (0, b'{') | (1..ENVELOPE, _) => self.envelope.push(byte),
            (0, _) => return Err(NoRow::Garbled),
            _ => return Err(NoRow::Large("a page without its rows", ENVELOPE)),
        }
        let Scan { depth, string, .. } = self.outer;
        self.outer.end(&[byte]);
        self.key = match (self.key, byte) {
            (_, b'"') if depth == 1 && !string => Key::Text(at, at),
            (Key::Text(start, _), _) if string => Key::Text(start, at + 1),
            (key, b' ' | b'\t' | b'\n' | b'\r') => key,
            (Key::Text(start, end), b':') if self.is_results(start, end) => Key::Colon,
            (Key::Colon, b'[') => {
                self.at = At::First;
                Key::None
            }
            _ => Key::None,
        };
        Ok(())
    }

    /// Whether a string of the envelope is the name of the rows, however it's escaped.
    fn is_results(&self, start: usize, end: usize) -> bool {
        let key = self.envelope.get(start..end).unwrap_or_default();
        key == b"\"results\""
            || key.contains(&b'\\')
                && serde_json::from_slice(key).is_ok_and(|key: String| key == "results")
    }
}

/// Where in JSON the bytes have come to: how deep, and within a string or not.
#[derive(Clone, Copy, Default)]
struct Scan {
    depth: u32,
    string: bool,
    escaped: bool,
}

impl Scan {
    /// Reads on until the outermost bracket closes: the number of bytes up to there.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            if self.escaped {
                bytes.get(at)?;
                at += 1;
                self.escaped = false;
            }
            if self.string {
                at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
                self.string = bytes[at] != b'"';
                self.escaped = self.string;
                at += 1;
                continue;
            }
            match *bytes.get(at)? {
                b'"' => self.string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }
}
