//! Does a read add up? Every page is held against page 0, and the whole against its total.

use std::collections::HashSet;

use super::page::{Page, Row};
use crate::api::TotalCheck;

/// The pages of one session, checked as they come in order.
#[derive(Debug)]
pub(super) struct Tally {
    session: Option<String>,
    total: u64,
    page_size: u64,
    pages: u64,
    /// Keys of the distinct ids: 16 bytes each, however long the id.
    seen: HashSet<u128>,
    rows: u64,
    members: Vec<Row>,
}

/// Why a read can't be used as it is; a new session may do better. Says nothing of members.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mismatch(pub &'static str);

impl Tally {
    /// Begins with page 0, which alone is sure to tell total, page size and session [seen].
    pub fn start(first: Page) -> Result<Self, Mismatch> {
        let total = first
            .total
            .ok_or(Mismatch("page 0 doesn't tell the total"))?;
        let rows = first.members.len() as u64;
        let mut tally = Self {
            session: first.session.clone(),
            total,
            page_size: first.size.unwrap_or(rows).max(1),
            pages: 0,
            seen: HashSet::new(),
            rows: 0,
            members: Vec::new(),
        };
        tally.add(first)?;
        Ok(tally)
    }

    /// The session whose pages follow; none where the read ends with page 0.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// Pages that the total makes.
    pub fn expected(&self) -> u64 {
        self.total.div_ceil(self.page_size)
    }

    /// The page after the last, where the total makes whole pages only: nothing else would tell a
    /// total that is too low.
    pub fn beyond(&self) -> Option<u64> {
        let whole = self.total > 0 && self.total.is_multiple_of(self.page_size);
        whole.then(|| self.expected())
    }

    /// Takes the next page.
    pub fn add(&mut self, page: Page) -> Result<(), Mismatch> {
        let (number, rows) = (self.pages, page.members.len() as u64);
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
        if rows > self.page_size {
            return Err(Mismatch("a page has more rows than the page size"));
        }
        if rows < self.page_size && number + 1 < self.expected() {
            return Err(Mismatch("a page before the last is short"));
        }
        let before = self.members.len();
        for member in page.members {
            if self.seen.insert(key(&member.distinct_id)) {
                self.members.push(member);
            }
        }
        if rows > 0 && self.members.len() == before {
            return Err(Mismatch("a page repeats members of other pages only"));
        }
        self.pages += 1;
        self.rows += rows;
        Ok(())
    }

    /// The members, if all of them are there.
    pub fn finish(self, check: TotalCheck) -> Result<Vec<Row>, Mismatch> {
        // The last page that the total makes can't be empty; an empty cohort has page 0 alone.
        let reached = self.rows > self.expected().saturating_sub(1) * self.page_size;
        if self.pages != self.expected().max(1) || (self.total > 0 && !reached) {
            return Err(Mismatch("there are fewer pages than the total makes"));
        }
        if self.total == 0 && self.rows > 0 {
            return Err(Mismatch("there are members, but the total is 0"));
        }
        if check == TotalCheck::Exact && self.members.len() as u64 != self.total {
            return Err(Mismatch("the number of distinct members isn't the total"));
        }
        Ok(self.members)
    }
}

fn key(id: &str) -> u128 {
    let hash = blake3::hash(id.as_bytes());
    let (key, _) = hash
        .as_bytes()
        .split_first_chunk()
        .expect("a hash has 32 bytes");
    u128::from_le_bytes(*key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Map;

    use super::*;

    fn page(number: u64, ids: &[u64]) -> Page {
        let members = ids.iter().map(|id| Row {
            distinct_id: id.to_string(),
            properties: Map::new(),
        });
        let members = members.collect();
        Page {
            number: Some(number),
            size: None,
            session: None,
            total: None,
            members,
        }
    }

    fn read(total: u64, size: u64, pages: &[&[u64]], check: TotalCheck) -> Result<usize, Mismatch> {
        let session = Some("s".to_owned());
        let mut first = page(0, pages[0]);
        (first.total, first.size, first.session) = (Some(total), Some(size), session);
        let mut tally = Tally::start(first)?;
        for (number, ids) in pages.iter().enumerate().skip(1) {
            tally.add(page(number as u64, ids))?;
        }
        tally.finish(check).map(|members| members.len())
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        use TotalCheck::{Exact, PageCount};
        assert_eq!(read(3, 2, &[&[1, 2], &[3]], Exact), Ok(3));
        assert_eq!(read(4, 2, &[&[1, 2], &[3, 4]], Exact), Ok(4));
        assert_eq!(read(0, 2, &[&[]], Exact), Ok(0));
        let bad: [(u64, &[&[u64]]); 9] = [
            (3, &[&[1, 2]]),
            (3, &[&[1], &[2, 3]]),
            (3, &[&[1, 2], &[1]]),
            (4, &[&[1, 2], &[2, 3]]),
            (4, &[&[1, 2], &[3]]),
            (3, &[&[1, 2], &[]]),
            (0, &[&[1]]),
            (2, &[&[1, 2, 3]]),
            (1, &[&[]]),
        ];
        for (total, pages) in bad {
            assert!(read(total, 2, pages, Exact).is_err(), "{total} {pages:?}");
        }
        // A total that counts otherwise passes by its pages; a lost page never does.
        assert_eq!(read(4, 2, &[&[1, 2], &[2, 3]], PageCount), Ok(3));
        assert_eq!(read(4, 2, &[&[1, 2], &[3]], PageCount), Ok(3));
        for pages in [
            &[&[1, 2][..]][..],
            &[&[1, 2], &[]],
            &[&[1, 2], &[1, 2]],
            &[&[1], &[2, 3]],
        ] {
            assert!(read(4, 2, pages, PageCount).is_err(), "{pages:?}");
        }
    }

    #[test]
    fn only_whole_pages_leave_a_doubt() {
        for (total, beyond) in [(0, None), (1, None), (2, Some(1)), (3, None), (4, Some(2))] {
            let mut first = page(0, &[1, 2][..total.min(2) as usize]);
            (first.total, first.size) = (Some(total), Some(2));
            assert_eq!(Tally::start(first).unwrap().beyond(), beyond, "{total}");
        }
    }

    #[test]
    fn later_pages_may_be_silent_but_not_contradict() {
        let start = || {
            let mut first = page(0, &[1]);
            (first.total, first.size) = (Some(3), Some(1));
            first.session = Some("s".into());
            Tally::start(first).unwrap()
        };
        let ok = Page {
            session: Some("s".into()),
            total: Some(3),
            ..page(1, &[2])
        };
        assert_eq!(start().add(ok), Ok(()));
        for bad in [
            Page {
                session: Some("t".into()),
                ..page(1, &[2])
            },
            Page {
                total: Some(4),
                ..page(1, &[2])
            },
            Page {
                size: Some(2),
                ..page(1, &[2])
            },
            page(2, &[2]),
        ] {
            assert!(start().add(bad).is_err());
        }
        assert!(Tally::start(page(0, &[1])).is_err(), "no total");
    }

    proptest! {
        #[test]
        fn whole_reads_pass_and_no_page_can_be_lost(total in 1_u64..60, size in 1_u64..9) {
            let ids: Vec<u64> = (0..total).collect();
            let pages: Vec<&[u64]> = ids.chunks(size as usize).collect();
            prop_assert_eq!(read(total, size, &pages, TotalCheck::Exact), Ok(total as usize));
            for check in [TotalCheck::Exact, TotalCheck::PageCount] {
                let fewer = &pages[..pages.len() - 1];
                prop_assert!(fewer.is_empty() || read(total, size, fewer, check).is_err());
            }
        }
    }
}
