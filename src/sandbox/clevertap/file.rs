//! The list file, judged as list processing does: out of band and without mercy. It is read row by
//! row, so that a file of any size takes only a hash per row.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hasher},
    io::{BufRead, Read as _},
};

const HEADER: &[u8] = b"Type,Identity";
/// No row is longer, in bytes: an identity has 1,024 at most.
const LONGEST_ROW: u64 = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Identity,
    CleverTapId,
}

/// The rows of a file. The first flaw is the last item; its text names no id.
pub(super) struct Rows<R> {
    from: R,
    line: Vec<u8>,
    /// The number of the last row read; the header is row 1.
    row: u64,
    seen: HashSet<u64, BuildHasherDefault<AsIs>>,
    ended: bool,
}

impl<R: BufRead> Rows<R> {
    pub fn new(from: R) -> Self {
        Rows {
            from,
            line: Vec::new(),
            row: 0,
            seen: HashSet::default(),
            ended: false,
        }
    }

    fn read(&mut self) -> Result<Option<(Kind, String)>, String> {
        if self.row == 0 {
            self.header()?;
        }
        self.row += 1;
        let row = self.row;
        self.line.clear();
        self.more()?;
        if self.line.is_empty() {
            return Ok(None);
        }
        // A quoted id may hold line ends; its quotes come in pairs.
        while !self
            .line
            .iter()
            .filter(|byte| **byte == b'"')
            .count()
            .is_multiple_of(2)
        {
            let length = self.line.len();
            self.more()?;
            if self.line.len() == length {
                return Err(format!("row {row} has an open quote"));
            }
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = str::from_utf8(line).map_err(|_| format!("row {row} is not UTF-8 text"))?;
        let (kind, id) = fields(line).map_err(|why| format!("row {row} {why}"))?;
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((kind, &id));
        if !self.seen.insert(hash) {
            return Err(format!("row {row} is a duplicate"));
        }
        Ok(Some((kind, id)))
    }

    fn header(&mut self) -> Result<(), String> {
        self.row = 1;
        self.more()?;
        if self.line.starts_with(b"\xef\xbb\xbf") {
            return Err("the file begins with a byte order mark".into());
        }
        if self.line.strip_suffix(b"\n").unwrap_or(&self.line) != HEADER {
            return Err("the header must be Type,Identity".into());
        }
        Ok(())
    }

    /// Adds what comes up to the next line end.
    fn more(&mut self) -> Result<(), String> {
        let room = LONGEST_ROW.saturating_sub(self.line.len() as u64);
        let mut limited = self.from.by_ref().take(room);
        let read = limited.read_until(b'\n', &mut self.line);
        read.map_err(|_| "the file could not be read".to_owned())?;
        if self.line.len() as u64 == LONGEST_ROW {
            return Err(format!("row {} is too long", self.row));
        }
        Ok(())
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Result<(Kind, String), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read().transpose();
        self.ended = !matches!(read, Some(Ok(_)));
        read
    }
}

/// Type and id of a row in plain form.
fn fields(line: &str) -> Result<(Kind, String), &'static str> {
    let (kind, id) = line.split_once(',').ok_or("doesn't have two fields")?;
    let kind = match kind {
        "i" => Kind::Identity,
        "g" => Kind::CleverTapId,
        _ => return Err("has a type other than i and g"),
    };
    let special = |text: &str| text.contains(['"', ',', '\n', '\r']);
    let id = match id.strip_prefix('"') {
        None if id.contains(',') => return Err("doesn't have two fields"),
        None if special(id) => return Err("has quotes or line ends in an id without quotes"),
        None => id.to_owned(),
        Some(rest) => {
            let inner = rest.strip_suffix('"').ok_or("goes on after a quote")?;
            let id = inner.replace("\"\"", "\"");
            if id.replace('"', "\"\"") != inner {
                return Err("has a single quote in a quoted id");
            }
            if !special(&id) {
                return Err("has needless quotes");
            }
            id
        }
    };
    if id.trim().is_empty() {
        return Err("has no identity");
    }
    Ok((kind, id))
}

/// For keys that are hashes already.
#[derive(Default)]
pub(super) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes
            .iter()
            .for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests;
