//! What reads the store's bytes, for fuzz targets: nothing may panic.

use super::codec::{FORMAT, MAGIC};
use super::snapshot::Snapshot;
use crate::domain::Destination;

/// A snapshot: these bytes as they are, and as what a whole one's magic and checksum enclose. One
/// that can be read comes back as it was.
pub fn snapshot(bytes: &[u8]) {
    let of = Destination {
        host: "api.example.com".into(),
        project: "TEST-1".into(),
        segment: "One".into(),
    };
    let mut whole = [MAGIC, &FORMAT.to_be_bytes()[..], bytes].concat();
    let checksum = blake3::hash(&whole);
    whole.extend_from_slice(checksum.as_bytes());
    for bytes in [bytes, &whole] {
        if let Ok(snapshot) = Snapshot::decode(bytes, &of) {
            let again = Snapshot::decode(&snapshot.encode(), &of).map(|again| again.count());
            assert_eq!(again, Ok(snapshot.count()));
        }
    }
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
