//! What reads the store's bytes, for fuzz targets: nothing may panic.

use super::codec::{Checker, FORMAT, MAGIC, SnapshotError, write};
use super::snapshot::Header;
use crate::domain::Destination;

/// A snapshot: these bytes as they are, and as what a whole one's magic and checksum enclose. It
/// reads the same in one piece and in many, and one that can be read comes back as it was.
pub fn snapshot(bytes: &[u8]) {
    let mut whole = [MAGIC, &FORMAT.to_be_bytes()[..], bytes].concat();
    let checksum = blake3::hash(&whole);
    whole.extend_from_slice(checksum.as_bytes());
    let size = 1 + usize::from(bytes.first().copied().unwrap_or_default());
    for bytes in [bytes, &whole] {
        let found = read(bytes, bytes.len().max(1));
        assert_eq!(found, read(bytes, size));
        if let Ok((header, entries)) = found {
            let mut again = Vec::new();
            write(&header, &entries[..], &mut again).expect("memory takes everything");
            assert_eq!(read(&again, size), Ok((header, entries)));
        }
    }
}

/// Header and entries of a snapshot that comes in pieces of this size.
fn read(bytes: &[u8], size: usize) -> Result<(Header, Vec<u8>), SnapshotError> {
    let of = Destination {
        host: "api.example.com".into(),
        project: "TEST-1".into(),
        segment: "One".into(),
    };
    let (mut checker, mut entries) = (Checker::new(&of), Vec::new());
    for piece in bytes.chunks(size) {
        let taken = checker.push(piece, &mut entries);
        taken.expect("memory takes everything");
    }
    let (header, _) = checker.finish()?;
    Ok((header, entries))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            super::snapshot(&bytes);
        }
    }
}
