//! One page of engage, as Mixpanel writes it: rows while they come, and the rest at its end.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::batch::Batch;
use super::row::{BadRow, Rows};
use super::split::{NoRow, Splitter};

/// What a page says besides its rows. What later pages leave out [seen] is `None`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub number: Option<u64>,
    /// Rows a full page has, whatever was asked for.
    pub size: Option<u64>,
    pub session: Option<String>,
    pub total: Option<u64>,
    /// Rows that it had.
    pub rows: u64,
}

/// Why an answer is no page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoPage {
    /// 200 with an `error`: Mixpanel's words.
    Error(String),
    /// JSON without rows.
    NoResults,
    /// A row without a usable `$distinct_id`.
    NoId,
    /// No JSON: cut or garbled on the way.
    Garbled,
    /// A part of it is too large: which, and the bytes it may have.
    Large(&'static str, usize),
}

/// A page on its way: what has come of it is in batches, but for a part of a row.
pub(super) struct PageReader<'q> {
    splitter: Splitter,
    rows: Rows<'q>,
    batch: Batch,
    /// The number of its first row.
    first: u64,
    read: u64,
}

/// The page without its rows, which are cut out by then.
#[derive(Deserialize)]
struct Envelope {
    page: Option<u64>,
    page_size: Option<u64>,
    session_id: Option<String>,
    total: Option<u64>,
    error: Option<Value>,
    results: Option<[IgnoredAny; 0]>,
}

impl<'q> PageReader<'q> {
    /// `first` is the number of the page's first row; of properties the `wanted` are kept.
    pub fn new(first: u64, wanted: &'q [String]) -> Self {
        Self {
            splitter: Splitter::default(),
            rows: Rows::new(wanted),
            batch: Batch::new(wanted.len()),
            first,
            read: 0,
        }
    }

    /// Reads on until a batch is full; `rest` then begins behind it. None where all of `rest` is
    /// used up.
    pub fn next(&mut self, rest: &mut &[u8]) -> Result<Option<Batch>, NoPage> {
        while let Some(row) = self.splitter.next(rest)? {
            let number = self.first.saturating_add(self.read);
            self.rows.pack(number, row, &mut self.batch)?;
            self.read += 1;
            if self.batch.is_full() {
                return Ok(Some(self.batch.take()));
            }
        }
        Ok(None)
    }

    /// Rows that have come.
    pub fn rows(&self) -> u64 {
        self.read
    }

    /// What the whole page says, and its last rows, where they filled no batch.
    pub fn end(self) -> Result<(Facts, Batch), NoPage> {
        let json = self.splitter.into_envelope();
        let envelope: Envelope = serde_json::from_slice(&json).map_err(|_| NoPage::Garbled)?;
        match envelope.error {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => return Err(NoPage::Error(text)),
            Some(_) => return Err(NoPage::Error(String::new())),
        }
        envelope.results.ok_or(NoPage::NoResults)?;
        let facts = Facts {
            number: envelope.page,
            size: envelope.page_size,
            session: envelope.session_id,
            total: envelope.total,
            rows: self.read,
        };
        Ok((facts, self.batch))
    }
}

impl From<NoRow> for NoPage {
    fn from(why: NoRow) -> Self {
        match why {
            NoRow::Garbled => Self::Garbled,
            NoRow::Large(what, limit) => Self::Large(what, limit),
        }
    }
}

impl From<BadRow> for NoPage {
    fn from(why: BadRow) -> Self {
        match why {
            BadRow::Garbled => Self::Garbled,
            BadRow::NoId => Self::NoId,
        }
    }
}

#[cfg(test)]
mod tests;
