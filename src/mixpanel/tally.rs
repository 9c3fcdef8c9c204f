//! Does a read add up? Every page is held against page 0, and the whole against its total.

use super::page::Facts;
use crate::api::TotalCheck;

/// The facts of one session. Its pages are checked as they come, in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    session: Option<String>,
    total: u64,
    page_size: u64,
    pages: u64,
    rows: u64,
    check: TotalCheck,
    pub(super) page_size_refused: bool,
}

/// Why a read can't be used as it is; a new session may do better. Says nothing of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mismatch(pub &'static str);

impl Tally {
    /// Begins with page 0, which alone is sure to tell total, page size and session [seen].
    pub(super) fn start(first: Facts, check: TotalCheck) -> Result<Self, Mismatch> {
        let total = first
            .total
            .ok_or(Mismatch("page 0 doesn't tell the total"))?;
        let mut tally = Self {
            session: first.session.clone(),
            total,
            page_size: first.size.unwrap_or(first.rows).max(1),
            pages: 0,
            rows: 0,
            check,
            page_size_refused: false,
        };
        tally.add(0, &first)?;
        Ok(tally)
    }

    /// A session of these facts whose pages have all come.
    #[cfg(test)]
    pub(crate) fn of(total: u64, page_size: u64, check: TotalCheck) -> Self {
        Self {
            session: None,
            total,
            page_size,
            pages: 0,
            rows: total,
            check,
            page_size_refused: false,
        }
    }

    /// The session whose pages follow; none where the read ends with page 0.
    pub(super) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// Pages that the total makes.
    pub(super) fn expected(&self) -> u64 {
        self.total.div_ceil(self.page_size)
    }

    /// The page after the last, once all have come, where the last one came full: nothing else would
    /// tell a total that is too low.
    pub(super) fn beyond(&self) -> Option<u64> {
        let full = self.expected() * self.page_size;
        (self.rows > 0 && self.rows == full).then(|| self.expected())
    }

    /// Takes the page that was asked for as `number`; each is asked for once.
    pub(super) fn add(&mut self, number: u64, page: &Facts) -> Result<(), Mismatch> {
        if page.number.is_some_and(|given| given != number) {
            return Err(Mismatch("a page came twice or went missing"));
        }
        if page.session.is_some() && page.session != self.session {
            return Err(Mismatch("the session changed between pages"));
        }
        if page.total.is_some_and(|total| total != self.total)
            || page.size.is_some_and(|size| size.max(1) != self.page_size)
        {
            return Err(Mismatch("the total or the page size changed between pages"));
        }
        if page.rows > self.page_size {
            return Err(Mismatch("a page has more rows than the page size"));
        }
        if page.rows < self.page_size && number + 1 < self.expected() {
            return Err(Mismatch("a page before the last is short"));
        }
        self.pages += 1;
        self.rows += page.rows;
        Ok(())
    }

    /// Whether all pages are there.
    pub(super) fn finish(&self) -> Result<(), Mismatch> {
        // The last page that the total makes can't be empty; an empty cohort has page 0 alone.
        let reached = self.rows > self.expected().saturating_sub(1) * self.page_size;
        if self.pages != self.expected().max(1) || (self.total > 0 && !reached) {
            return Err(Mismatch("there are fewer pages than the total makes"));
        }
        if self.total == 0 && self.rows > 0 {
            return Err(Mismatch("there are members, but the total is 0"));
        }
        Ok(())
    }

    /// Whether all members are there, given how many of the rows are `distinct` by their id, and
    /// whether a page that has rows brought none that is the first of its id, which is the one of
    /// the lowest number: such a page is another one, sent twice.
    ///
    /// # Errors
    /// [`Mismatch`]: nothing of this read may be used.
    pub fn adds_up(&self, distinct: u64, repeated_page: bool) -> Result<(), Mismatch> {
        if repeated_page {
            return Err(Mismatch("a page repeats members of other pages only"));
        }
        if self.check == TotalCheck::Exact && distinct != self.total {
            return Err(Mismatch("the number of distinct members isn't the total"));
        }
        Ok(())
    }

    /// Rows of all pages.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows of a full page, at least 1.
    pub fn page_size(&self) -> u64 {
        self.page_size
    }

    /// Members that the cohort has, as page 0 says.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The page of the row with this number.
    pub fn page_of(&self, number: u64) -> u64 {
        number / self.page_size
    }

    /// Whether this read found out that Mixpanel refuses the page size that is set, so that it chose
    /// its own.
    pub fn page_size_refused(&self) -> bool {
        self.page_size_refused
    }
}

#[cfg(test)]
mod tests;
