//! The key of the fingerprints that snapshots hold: of the environment, or a file beside a state on
//! a disk, for our eyes only.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use k8s_openapi::ByteString;
use url::Url;

use crate::export::FingerprintKey;

const VARIABLE: &str = "MIXTAP_FINGERPRINT_KEY";
const FILE: &str = "fingerprint-key";
const BYTES: usize = 32;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{VARIABLE} must be 32 bytes, as 64 hexadecimal digits or as base64")]
    Variable,
    #[error(
        "{VARIABLE} must be set where the state isn't on a disk of this machine: 32 random bytes, \
         the same each time, such as those of `openssl rand -hex 32`"
    )]
    Absent,
    #[error("the key in {0} can't be used: {1}; set {VARIABLE}, or give the state another place")]
    File(String, io::Error),
}

/// The key that the environment gives, if it does.
///
/// # Errors
/// It is none.
pub fn given() -> Result<Option<FingerprintKey>, KeyError> {
    let text = std::env::var_os(VARIABLE).filter(|text| !text.is_empty());
    let key = text.map(|text| text.to_str().and_then(parse).ok_or(KeyError::Variable));
    Ok(key.transpose()?.map(FingerprintKey::new))
}

/// The key of this state. Where there is none yet it is made, if `make` says so.
///
/// # Errors
/// None can be had, or what is there is none.
pub fn read(state: &Url, make: bool) -> Result<FingerprintKey, KeyError> {
    if let Some(key) = given()? {
        return Ok(key);
    }
    match state.scheme() {
        "file" => {}
        // Gone with the process, as its key.
        "memory" => return random().map_err(|e| KeyError::File(String::new(), e)),
        _ => return Err(KeyError::Absent),
    }
    let folder = state.to_file_path().map_err(|()| KeyError::Absent)?;
    let file = folder.join(FILE);
    let named = |error| KeyError::File(file.display().to_string(), error);
    match fs::read_to_string(&file) {
        Ok(text) => {
            let key = parse(&text).ok_or_else(|| named(io::ErrorKind::InvalidData.into()))?;
            Ok(FingerprintKey::new(key))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && make => {
            make_file(&folder, &file).map_err(named)
        }
        // Nothing was kept under a key yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => random().map_err(named),
        Err(error) => Err(named(error)),
    }
}

/// Whole or not at all, and made once: two that make it at once agree on the first.
fn make_file(folder: &Path, file: &Path) -> io::Result<FingerprintKey> {
    let key = bytes()?;
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("{FILE}.{:016x}", fastrand::u64(..));
    let temporary = folder.join(name);
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)?;
    let made = writeln!(out, "{digits}")
        .and_then(|()| out.sync_all())
        .and_then(|()| fs::hard_link(&temporary, file));
    fs::remove_file(&temporary)?;
    match made {
        Ok(()) => Ok(FingerprintKey::new(key)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = parse(&fs::read_to_string(file)?);
            let found = found.ok_or(io::ErrorKind::InvalidData)?;
            Ok(FingerprintKey::new(found))
        }
        Err(error) => Err(error),
    }
}

/// One for what isn't kept.
pub(super) fn random() -> io::Result<FingerprintKey> {
    bytes().map(FingerprintKey::new)
}

fn bytes() -> io::Result<[u8; BYTES]> {
    let mut key = [0; BYTES];
    getrandom::fill(&mut key)
        .map_err(|_| io::Error::other("this machine has no random numbers"))?;
    Ok(key)
}

fn parse(text: &str) -> Option<[u8; BYTES]> {
    let text = text.trim();
    if text.len() == 2 * BYTES && text.is_ascii() {
        let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..BYTES).map(byte).collect();
        return bytes?.try_into().ok();
    }
    let decoded: ByteString = serde_json::from_value(text.into()).ok()?;
    decoded.0.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_and_base64_are_read_and_nothing_else() {
        let key: Vec<u8> = (0..32).collect();
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        for text in [&hex, &format!("{hex}\n"), &hex.to_uppercase(), base64] {
            assert_eq!(parse(text).map(Vec::from), Some(key.clone()), "{text}");
        }
        for text in [
            "",
            "00",
            &hex[2..],
            &format!("{hex}00"),
            "AAEC",
            &"zz".repeat(32),
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_is_made_once_and_for_our_eyes_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let url = Url::from_directory_path(dir.path()).unwrap();
        let other = read(&url, false).unwrap().id();
        let made = read(&url, true).unwrap().id();
        assert_ne!(made, other, "nothing was kept");
        assert_eq!(read(&url, true).unwrap().id(), made);
        assert_eq!(read(&url, false).unwrap().id(), made);
        let file = dir.path().join(FILE);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::write(file, "nonsense").unwrap();
        assert!(read(&url, true).is_err());
    }
}
