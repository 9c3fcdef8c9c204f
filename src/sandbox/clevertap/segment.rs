//! A Custom List segment: the file in force, and who of it is a member.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use super::{file::Rows, settings::SegmentView, stored::Stored};

const MAX_HISTORY: usize = 32;

/// Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Segment {
    pub id: u64,
    pub uploaded: Stored,
    pub failed: u64,
    processed: u64,
    history: VecDeque<usize>,
    in_force: Option<(Stored, Arc<Bits>)>,
}

/// One bit for each row of a file: whether its id was known.
#[derive(Default)]
pub(super) struct Bits {
    words: Vec<u64>,
    pub length: usize,
    pub ones: usize,
}

impl Bits {
    pub fn push(&mut self, bit: bool) {
        if self.length.is_multiple_of(64) {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= u64::from(bit) << (self.length % 64);
        }
        self.length += 1;
        self.ones += usize::from(bit);
    }

    fn get(&self, at: usize) -> bool {
        let word = self.words.get(at / 64).copied().unwrap_or(0);
        word >> (at % 64) & 1 == 1
    }
}

impl Segment {
    /// The list is in force from now on, with these known rows.
    pub fn enforce(&mut self, file: Stored, known: Bits) {
        self.history.push_back(known.ones);
        if self.history.len() > MAX_HISTORY {
            self.history.pop_front();
        }
        self.in_force = Some((file, Arc::new(known)));
        self.processed += 1;
    }

    /// The bytes of the list in force.
    pub fn file(&self) -> Option<Bytes> {
        self.in_force.as_ref().map(|(file, _)| file.bytes())
    }

    pub fn view(&self, name: &str, with_members: bool) -> SegmentView {
        let in_force = self.in_force.as_ref().filter(|_| with_members);
        let members = in_force.map(|(file, known)| {
            let rows = Rows::new(file.reader()).map_while(Result::ok).enumerate();
            let known = rows.filter(|(at, _)| known.get(*at));
            known.map(|(_, (_, id))| id).collect()
        });
        SegmentView {
            name: name.to_owned(),
            id: self.id,
            kind: "Custom List".to_owned(),
            members: members.unwrap_or_default(),
            history: self.history.iter().copied().collect(),
            processed: self.processed,
            failed: self.failed,
        }
    }
}
