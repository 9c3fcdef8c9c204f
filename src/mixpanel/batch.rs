//! Members on their way from the pages of a read to who exports them.

use crate::domain::scalar::Scalar;

/// Bytes of a batch, about: it's handed on when it has as many.
const FULL: usize = 64 << 10;

/// Rows of a page, packed: their text in one buffer, and where in it each of their values is.
/// Personal data: no `Debug`.
pub struct Batch {
    text: String,
    numbers: Vec<u64>,
    /// Of each row its id, then each of the properties; an empty one isn't there.
    spans: Vec<Span>,
    properties: usize,
}

/// From where to where in the text of a batch; far below 4 GiB.
type Span = (u32, u32);

/// A user of the cohort: one row of the read. Personal data: no `Debug`.
pub struct Member<'a> {
    /// The row's place in the whole read: page * page size + row. The members of a read are
    /// distinct by it; their ids may repeat.
    pub number: u64,
    /// `$distinct_id`, never empty; a number became its digits.
    pub distinct_id: &'a str,
    text: &'a str,
    spans: &'a [Span],
}

impl Batch {
    /// An empty batch for a query of so many properties.
    pub fn new(properties: usize) -> Self {
        Self {
            text: String::new(),
            numbers: Vec::new(),
            spans: Vec::new(),
            properties,
        }
    }

    /// Adds a row: of each of the query's properties its JSON, if the user has it. What goes
    /// beyond the number of the properties is left out.
    pub fn push(&mut self, number: u64, distinct_id: &str, raws: &[Option<&str>]) {
        self.begin(number);
        self.set_id(distinct_id);
        for (index, raw) in raws.iter().enumerate().take(self.properties) {
            self.set(index, raw.unwrap_or_default());
        }
    }

    /// How many properties of a row there can be.
    pub fn properties(&self) -> usize {
        self.properties
    }

    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    pub fn members(&self) -> impl Iterator<Item = Member<'_>> {
        let rows = self.spans.chunks_exact(1 + self.properties);
        self.numbers.iter().zip(rows).map(|(number, spans)| Member {
            number: *number,
            distinct_id: cut(&self.text, spans[0]),
            text: &self.text,
            spans: &spans[1..],
        })
    }

    /// Begins a row that has neither an id nor properties yet.
    pub(super) fn begin(&mut self, number: u64) {
        self.numbers.push(number);
        self.spans
            .resize(self.spans.len() + 1 + self.properties, (0, 0));
    }

    /// Sets the id of the latest row.
    pub(super) fn set_id(&mut self, distinct_id: &str) {
        self.put(1 + self.properties, distinct_id);
    }

    /// Sets a property of the latest row, whose JSON is never empty.
    pub(super) fn set(&mut self, index: usize, raw: &str) {
        self.put(self.properties - index, raw);
    }

    fn put(&mut self, from_end: usize, value: &str) {
        let place = self.spans.len() - from_end;
        let start = self.text.len() as u32;
        self.text.push_str(value);
        self.spans[place] = (start, self.text.len() as u32);
    }

    /// Whether it's time to hand it on; depends on nothing but its rows.
    pub fn is_full(&self) -> bool {
        let places = self.spans.len() * size_of::<Span>() + self.len() * size_of::<u64>();
        self.text.len() + places >= FULL
    }

    /// Gives it away, and makes room for the next one, likely one of its size.
    pub(super) fn take(&mut self) -> Self {
        let next = Self {
            text: String::with_capacity(self.text.len()),
            numbers: Vec::with_capacity(self.numbers.len()),
            spans: Vec::with_capacity(self.spans.len()),
            properties: self.properties,
        };
        std::mem::replace(self, next)
    }

    /// Adds all of it to a digest.
    pub(super) fn digest(&self, digest: &mut blake3::Hasher) {
        digest.update(self.text.as_bytes());
        let mut bytes = Vec::with_capacity(self.spans.len() * size_of::<Span>());
        for (start, end) in &self.spans {
            bytes.extend_from_slice(&start.to_le_bytes());
            bytes.extend_from_slice(&end.to_le_bytes());
        }
        digest.update(&bytes);
    }
}

impl<'a> Member<'a> {
    /// The JSON of `query.properties[index]`, if the user has it.
    pub fn raw(&self, index: usize) -> Option<&'a str> {
        let raw = cut(self.text, *self.spans.get(index)?);
        (!raw.is_empty()).then_some(raw)
    }

    /// The value of `query.properties[index]`, if the user has it.
    pub fn value(&self, index: usize) -> Option<Scalar<'a>> {
        self.raw(index).map(Scalar::parse)
    }
}

fn cut(text: &str, (start, end): Span) -> &str {
    text.get(start as usize..end as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_as_they_went_in() {
        let mut batch = Batch::new(2);
        batch.push(7, "ü", &[Some("\"a\""), None, Some("3")]);
        batch.push(9, "v", &[]);
        batch.begin(10);
        batch.set(1, "null");
        batch.set(0, "12");
        batch.set_id("w");
        let rows = batch.members();
        let rows: Vec<_> = rows
            .map(|row| (row.number, row.distinct_id, row.raw(0), row.raw(1)))
            .collect();
        assert_eq!(rows[0], (7, "ü", Some("\"a\""), None));
        assert_eq!(rows[1], (9, "v", None, None));
        assert_eq!(rows[2], (10, "w", Some("12"), Some("null")));
        assert_eq!(batch.len(), 3);
        let first = batch.members().next().unwrap();
        assert!(first.raw(2).is_none());
        assert!(first.value(0) == Some(Scalar::Text("a".into())));
        assert!(batch.take().len() == 3 && batch.is_empty());
    }

    #[test]
    fn a_digest_tells_what_stands_where() {
        let digest = |rows: &[[Option<&str>; 2]]| {
            let mut batch = Batch::new(2);
            rows.iter().for_each(|raws| batch.push(0, "u", raws));
            let mut digest = blake3::Hasher::new();
            batch.digest(&mut digest);
            digest.finalize()
        };
        let (one, two) = (Some("1"), Some("12"));
        assert_eq!(digest(&[[one, two]]), digest(&[[one, two]]));
        assert_ne!(digest(&[[one, two]]), digest(&[[two, one]]));
        assert_ne!(digest(&[[one, None]]), digest(&[[None, one]]));
        assert_ne!(digest(&[[one, None]]), digest(&[[one, None], [None, None]]));
    }

    #[test]
    fn a_batch_is_full_at_about_64_kib() {
        let mut batch = Batch::new(1);
        let mut rows = 0;
        while !batch.is_full() {
            batch.push(rows, "0123456789", &[Some("\"0123456789\"")]);
            rows += 1;
        }
        assert!((1000..2000).contains(&rows), "{rows}");
    }
}
