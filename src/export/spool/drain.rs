//! Records in the order of their keys, out of their buckets.

use std::io;

use super::buckets::{BUCKETS, Buckets, Record, record, records};

/// Bytes of a bucket that are sorted in memory; a larger one is spread over buckets of its own by
/// the next byte of its keys.
const LOAD: u64 = 8 << 20;
/// Bytes of a key.
const KEY: usize = size_of::<super::super::fingerprint::Fingerprint>();

impl Buckets {
    /// Shows every record that `keep` lets through by its number, in the order of the keys; of equal
    /// keys the one of the lowest number comes first, with `true`.
    pub(super) fn drain(
        self,
        keep: &impl Fn(u64) -> bool,
        each: &mut impl FnMut(Record<'_>, bool) -> io::Result<()>,
    ) -> io::Result<()> {
        self.drain_by(LOAD, keep, each)
    }

    fn drain_by(
        mut self,
        load: u64,
        keep: &impl Fn(u64) -> bool,
        each: &mut impl FnMut(Record<'_>, bool) -> io::Result<()>,
    ) -> io::Result<()> {
        self.close();
        let (mut bytes, mut order) = (Vec::new(), Vec::new());
        for bucket in 0..BUCKETS {
            if self.size(bucket) <= load {
                self.sorted(bucket, &mut bytes, &mut order, keep, each)?;
            } else if self.depth + 1 == KEY || self.one_key(bucket)? {
                self.equal(bucket, keep, each)?;
            } else {
                let spread = self.spread(bucket)?;
                // One level deeper each time, and there are 16.
                Box::new(spread).drain_by(load, keep, each)?;
            }
        }
        Ok(())
    }

    fn sorted(
        &self,
        bucket: usize,
        bytes: &mut Vec<u8>,
        order: &mut Vec<(u128, u64, usize)>,
        keep: &impl Fn(u64) -> bool,
        each: &mut impl FnMut(Record<'_>, bool) -> io::Result<()>,
    ) -> io::Result<()> {
        bytes.clear();
        self.blocks(bucket, |block| {
            bytes.extend_from_slice(block);
            Ok(())
        })?;
        order.clear();
        let kept = records(bytes).filter(|(_, record)| keep(record.number));
        order.extend(kept.map(|(at, r)| (u128::from_be_bytes(r.key), r.number, at)));
        order.sort_unstable();
        let mut last = None;
        for (key, _, at) in &*order {
            let (record, _) = record(&bytes[*at..]).ok_or(io::ErrorKind::InvalidData)?;
            each(record, last != Some(key))?;
            last = Some(key);
        }
        Ok(())
    }

    fn one_key(&self, bucket: usize) -> io::Result<bool> {
        let (mut first, mut same) = (None, true);
        self.blocks(bucket, |block| {
            for (_, record) in records(block) {
                same &= *first.get_or_insert(record.key) == record.key;
            }
            Ok(())
        })?;
        Ok(same)
    }

    /// A bucket of one key, however large.
    fn equal(
        &self,
        bucket: usize,
        keep: &impl Fn(u64) -> bool,
        each: &mut impl FnMut(Record<'_>, bool) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut lowest = None;
        self.blocks(bucket, |block| {
            for (_, record) in records(block).filter(|(_, record)| keep(record.number)) {
                let number = *lowest.get_or_insert(record.number);
                lowest = Some(number.min(record.number));
            }
            Ok(())
        })?;
        for first in [true, false] {
            self.blocks(bucket, |block| {
                let mut kept = records(block).filter(|(_, record)| keep(record.number));
                kept.try_for_each(
                    |(_, record)| match (lowest == Some(record.number)) == first {
                        true => each(record, first),
                        false => Ok(()),
                    },
                )
            })?;
        }
        Ok(())
    }

    fn spread(&self, bucket: usize) -> io::Result<Self> {
        let mut spread = Self::new(&self.scratch, self.depth + 1)?;
        self.blocks(bucket, |block| {
            records(block).try_for_each(|(_, r)| spread.push(&r.key, r.number, r.payload))
        })?;
        Ok(spread)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::super::scratch::Scratch;
    use super::*;

    type Kept = Vec<([u8; 16], u64, Vec<u8>, bool)>;

    fn drained(records: &[([u8; 16], Vec<u8>)], load: u64, keep: impl Fn(u64) -> bool) -> Kept {
        let dir = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(dir.path(), u64::MAX);
        let mut buckets = Buckets::new(&scratch, 0).unwrap();
        for (number, (key, payload)) in records.iter().enumerate() {
            buckets.push(key, number as u64, payload).unwrap();
        }
        let mut out = Vec::new();
        let mut each = |record: Record<'_>, first| {
            out.push((record.key, record.number, record.payload.to_vec(), first));
            Ok(())
        };
        buckets.drain_by(load, &keep, &mut each).unwrap();
        out
    }

    /// The same by a map in memory.
    fn naive(records: &[([u8; 16], Vec<u8>)], keep: impl Fn(u64) -> bool) -> Kept {
        let mut sorted: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (number, (key, payload)) in records.iter().enumerate() {
            let number = number as u64;
            if keep(number) {
                let group = sorted.entry(*key).or_default();
                group.push((*key, number, payload.clone(), group.is_empty()));
            }
        }
        sorted.into_values().flatten().collect()
    }

    fn key() -> impl Strategy<Value = [u8; 16]> {
        // Keys that differ in a late byte only, and many that are equal.
        (0_u8..3, 0_u8..3, 0_u8..4).prop_map(|(first, middle, last)| {
            let mut key = [7; 16];
            (key[0], key[9], key[15]) = (first, middle, last);
            key
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_records_come_out_sorted_whatever_fits_in_memory(
            records in prop::collection::vec((key(), prop::collection::vec(any::<u8>(), 0..600)), 0..120),
            load in prop_oneof![Just(0_u64), Just(700), Just(LOAD)],
            without in 0_u64..9,
        ) {
            let keep = |number| without == 0 || number % 9 != without;
            let mut found = drained(&records, load, keep);
            // Of equal keys only the first has a place.
            let mut expected = naive(&records, keep);
            prop_assert!(found.iter().map(|r| r.0).eq(expected.iter().map(|r| r.0)));
            prop_assert!(found.iter().map(|r| r.3).eq(expected.iter().map(|r| r.3)));
            found.sort();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn records_larger_than_a_block_and_many_blocks_come_back() {
        let records: Vec<_> = (0..400_u32)
            .map(|n| {
                let mut key = [0; 16];
                key[12..].copy_from_slice(&n.to_be_bytes());
                (key, vec![n as u8; if n % 50 == 0 { 20_000 } else { 100 }])
            })
            .collect();
        assert_eq!(drained(&records, LOAD, |_| true), naive(&records, |_| true));
    }
}
