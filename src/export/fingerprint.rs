//! Identities as keyed fingerprints: comparable from run to run, and nothing to read from.

/// 128 bits of an identity under the key.
pub type Fingerprint = [u8; 16];

/// The key of the fingerprints; made by the caller and never kept beside them.
#[derive(Clone)]
pub struct FingerprintKey([u8; 32]);

impl std::fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FingerprintKey(..)")
    }
}

impl FingerprintKey {
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The fingerprint of an identity.
    pub fn fingerprint(&self, identity: &str) -> Fingerprint {
        first(&blake3::keyed_hash(&self.0, identity.as_bytes()))
    }

    /// What a snapshot calls this key: 16 hexadecimal digits that tell nothing of it.
    pub fn id(&self) -> String {
        let id = blake3::derive_key("mixtap v1 id of a fingerprint key", &self.0);
        blake3::Hash::from(id).to_hex()[..16].to_owned()
    }
}

fn first(hash: &blake3::Hash) -> Fingerprint {
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(&hash.as_bytes()[..16]);
    fingerprint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_and_ids_depend_on_the_key() {
        let (a, b) = (FingerprintKey::new([1; 32]), FingerprintKey::new([2; 32]));
        assert_eq!(a.fingerprint("u-1"), a.clone().fingerprint("u-1"));
        assert_ne!(a.fingerprint("u-1"), a.fingerprint("U-1"));
        assert_ne!(a.fingerprint("u-1"), b.fingerprint("u-1"));
        assert_ne!(a.id(), b.id());
        assert_eq!(a.id().len(), 16);
        assert_eq!(format!("{a:?}"), "FingerprintKey(..)");
    }
}
