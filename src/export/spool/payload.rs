//! What is kept of a row: its identity, and what a profile is made of.
//!
//! ```text
//! length of the identity   2 bytes, big-endian
//! identity
//! for each property of a profile: length (4 bytes, 0 where absent), JSON text
//! ```

/// Writes a payload in place of what `out` holds. An identity has 1,024 bytes at most.
pub(super) fn write<'a>(
    out: &mut Vec<u8>,
    identity: &str,
    values: impl Iterator<Item = Option<&'a str>>,
) {
    let length = |text: &str| u32::try_from(text.len()).expect("a row is far smaller");
    out.clear();
    out.extend_from_slice(&(identity.len() as u16).to_be_bytes());
    out.extend_from_slice(identity.as_bytes());
    for value in values.map(Option::unwrap_or_default) {
        out.extend_from_slice(&length(value).to_be_bytes());
        out.extend_from_slice(value.as_bytes());
    }
}

/// The identity, and the rest; `None` where these bytes were never written by us.
pub(in crate::export) fn read(payload: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = payload.split_first_chunk()?;
    let (identity, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(identity).ok()?, rest))
}

/// The JSON text of each property into `out`, in their order.
pub(in crate::export) fn values<'a>(mut rest: &'a [u8], out: &mut Vec<Option<&'a str>>) {
    out.clear();
    while let Some((length, tail)) = rest.split_first_chunk()
        && let Some((text, tail)) = tail.split_at_checked(u32::from_be_bytes(*length) as usize)
    {
        let text = std::str::from_utf8(text).ok();
        out.push(text.filter(|text| !text.is_empty()));
        rest = tail;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_payload_comes_back(
            identity in "\\PC{0,40}",
            texts in prop::collection::vec(prop::option::of("\\PC{1,20}"), 0..5),
        ) {
            let mut payload = b"before".to_vec();
            write(&mut payload, &identity, texts.iter().map(Option::as_deref));
            let (found, rest) = read(&payload).unwrap();
            prop_assert_eq!(found, identity);
            let mut back = Vec::new();
            values(rest, &mut back);
            prop_assert!(back.iter().copied().eq(texts.iter().map(Option::as_deref)));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some((_, rest)) = read(&bytes) {
                values(rest, &mut Vec::new());
            }
        }
    }
}
