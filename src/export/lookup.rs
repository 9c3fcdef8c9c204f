//! What is kept of a list, for who doesn't run: read through, and not held.

use std::io::{self, Write};

use super::before::too_new;
use super::codec::{Checker, ENTRY, SnapshotError};
use super::fingerprint::Fingerprint;
use super::snapshot::{Entry, Header, ProfileState};
use crate::domain::{Destination, Failure};
use crate::state::{State, StateError};

/// What the snapshot of this list says of it, and how many identities the list holds; `None` where
/// none is kept whole.
///
/// # Errors
/// `StateUnavailable` and `StateTooNew`.
pub async fn list_header(
    state: &State,
    list: &Destination,
) -> Result<Option<(Header, u64)>, Failure> {
    read(state, list, io::sink()).await
}

/// The same, and what the list holds of one identity.
///
/// # Errors
/// As above.
pub async fn look_up(
    state: &State,
    list: &Destination,
    fingerprint: Fingerprint,
) -> Result<Option<(Header, Option<ProfileState>)>, Failure> {
    let mut search = Search {
        wanted: fingerprint,
        found: None,
    };
    let read = read(state, list, &mut search).await?;
    Ok(read.map(|(header, _)| (header, search.found)))
}

async fn read(
    state: &State,
    list: &Destination,
    mut entries: impl Write,
) -> Result<Option<(Header, u64)>, Failure> {
    let mut object = match state.snapshot(list).await {
        Ok(Some(object)) => object,
        Ok(None) | Err(StateError::TooLarge(_)) => return Ok(None),
        Err(error) => return Err(error.failure()),
    };
    let mut checker = Checker::new(list);
    while let Some(piece) = object.chunk().await.map_err(|e| e.failure())? {
        let taken = checker.push(&piece, &mut entries);
        taken.expect("memory takes everything");
    }
    match checker.finish() {
        Ok(found) => Ok(Some(found)),
        Err(SnapshotError::Damaged) => Ok(None),
        Err(error @ SnapshotError::TooNew) => Err(too_new(error)),
    }
}

/// Looks for one among whole entries.
struct Search {
    wanted: Fingerprint,
    found: Option<ProfileState>,
}

impl Write for Search {
    fn write(&mut self, entries: &[u8]) -> io::Result<usize> {
        let (all, _) = entries.as_chunks::<ENTRY>();
        let mut mine = all.iter().filter(|bytes| bytes.starts_with(&self.wanted));
        if let Some(entry) = mine.next().and_then(Entry::from_bytes) {
            self.found = Some(entry.profile);
        }
        Ok(entries.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::codec;
    use super::super::fingerprint::FingerprintKey;
    use super::super::snapshot::tests::{header_of, list};
    use super::*;
    use crate::domain::Shape;

    #[tokio::test]
    async fn an_identity_is_found_among_many_by_its_fingerprint() {
        let (state, key) = (
            State::open("memory:///", "").unwrap(),
            FingerprintKey::new([1; 32]),
        );
        let of = list("one");
        let wanted = |n: usize| key.fingerprint(&format!("u-{n}"));
        assert_eq!(look_up(&state, &of, wanted(1)).await, Ok(None));
        let mut entries: Vec<_> = (0..5_000)
            .map(|n| Entry {
                fingerprint: wanted(n),
                profile: match n % 3 {
                    0 => ProfileState::NotSent,
                    1 => ProfileState::Accepted,
                    _ => ProfileState::Rejected,
                },
            })
            .collect();
        entries.sort_by_key(|entry| entry.fingerprint);
        let bytes: Vec<u8> = entries.iter().flat_map(|e| e.to_bytes()).collect();
        let header = header_of(Shape { basis: 1, whole: 2 }, &key);
        let file = tempfile::NamedTempFile::new().unwrap();
        codec::write(&header, &bytes[..], file.as_file()).unwrap();
        state.keep(&of, file.path()).await.unwrap();
        for (n, profile) in [
            (0, Some(ProfileState::NotSent)),
            (1, Some(ProfileState::Accepted)),
            (4_997, Some(ProfileState::Rejected)),
            (5_000, None),
        ] {
            let found = look_up(&state, &of, wanted(n)).await;
            assert_eq!(found, Ok(Some((header.clone(), profile))), "{n}");
        }
        let counted = list_header(&state, &of).await;
        assert_eq!(counted, Ok(Some((header, 5_000))));
    }
}
