//! Snapshots as bytes, for tests that hold them whole.

use mixtap::domain::Destination;
use mixtap::state::{State, StateError};

/// Keeps a file of these bytes.
pub async fn keep(
    state: &State,
    of: &Destination,
    content: impl AsRef<[u8]>,
) -> Result<(), StateError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    state.keep(of, file.path()).await
}

/// All pieces.
pub async fn read(state: &State, of: &Destination) -> Result<Option<Vec<u8>>, StateError> {
    let Some(mut object) = state.snapshot(of).await? else {
        return Ok(None);
    };
    let mut whole = Vec::new();
    while let Some(piece) = object.chunk().await? {
        whole.extend_from_slice(&piece);
    }
    assert_eq!(whole.len() as u64, object.size);
    Ok(Some(whole))
}
