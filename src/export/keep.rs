//! Keeping the snapshot of a list, whose upload would be repeated for ever where it can't be.

use std::io::BufWriter;
use std::sync::Arc;
use std::time::Duration;

use super::before::unusable;
use super::gate::Watch;
use super::scratch::{self, Named, Temp, blocking};
use super::snapshot::Header;
use super::{RunError, Tools, codec};
use crate::domain::Destination;
use crate::state::State;

/// Between the attempts to keep a snapshot of a list that CleverTap has already.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Does the work once there is room for a snapshot of so many entries; the room is given back if the
/// work fails.
pub(super) async fn with_room<T>(
    state: &State,
    list: &Destination,
    entries: u64,
    work: impl Future<Output = Result<T, RunError>>,
) -> Result<T, RunError> {
    let reserved = state.reserve(list, codec::size_at_most(entries)).await;
    reserved.map_err(unusable)?;
    let done = work.await;
    if done.is_err()
        && let Err(error) = state.release(list).await
    {
        // The next run's reservation takes its place.
        tracing::warn!(%error, "the room for a snapshot can't be given back");
    }
    done
}

/// Puts a snapshot of this header and these entries in place of the previous one; only a leader
/// does.
pub(super) async fn keep(
    tools: &Tools<'_>,
    list: &Destination,
    header: Header,
    entries: Arc<Temp>,
    watch: &Watch<'_>,
) -> Result<(), RunError> {
    let scratch = tools.scratch.clone();
    let written = blocking(move || {
        let mut file = scratch.named()?;
        codec::write(&header, entries.reader(), BufWriter::new(&mut file.temp))?;
        Ok(file)
    });
    let snapshot = written.await.map_err(|e| scratch::failed(&e))?;
    keep_after(PAUSES, tools.state, list, &snapshot, watch).await
}

async fn keep_after(
    pauses: impl IntoIterator<Item = Duration>,
    state: &State,
    list: &Destination,
    snapshot: &Named,
    watch: &Watch<'_>,
) -> Result<(), RunError> {
    for pause in pauses {
        watch.leads().await?;
        match state.keep(list, &snapshot.path).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                tracing::warn!(%error, "a snapshot can't be kept; trying again");
                tokio::time::sleep(pause).await;
            }
        }
    }
    watch.leads().await?;
    state.keep(list, &snapshot.path).await.map_err(unusable)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::scratch::Scratch;
    use super::super::snapshot::tests::list;
    use super::super::{Gate, Stop};
    use super::*;

    fn on_disk(dir: &tempfile::TempDir) -> (State, Destination, Named) {
        let url = url::Url::from_directory_path(dir.path()).unwrap();
        let mut snapshot = Scratch::new(dir.path(), 100).named().unwrap();
        snapshot.temp.write_all(b"snapshot").unwrap();
        (
            State::open(url.as_str(), "").unwrap(),
            list("one"),
            snapshot,
        )
    }

    #[tokio::test]
    async fn what_is_in_the_way_for_a_moment_costs_no_second_upload() {
        let dir = tempfile::tempdir().unwrap();
        let (state, list, snapshot) = on_disk(&dir);
        let folder = dir.path().join("snapshots");
        std::fs::write(&folder, "in the way").unwrap();
        let leader = Gate {
            resolved: &|_| Ok(()),
            write: &|_| Ok(()),
            read: &|| {},
        };
        let watch = Watch::new(&leader, &list);
        let kept = keep_after([Duration::ZERO; 2], &state, &list, &snapshot, &watch).await;
        assert!(kept.is_err(), "it stays in the way");
        // Each pause is taken before its attempt.
        let pauses = (0..2).map(|attempt| {
            if attempt == 1 {
                std::fs::remove_file(&folder).unwrap();
            }
            Duration::ZERO
        });
        let kept = keep_after(pauses, &state, &list, &snapshot, &watch).await;
        assert_eq!(kept, Ok(()));
        let mut object = state.snapshot(&list).await.unwrap().unwrap();
        assert_eq!(object.chunk().await.unwrap().unwrap(), "snapshot");
    }

    #[tokio::test]
    async fn without_room_nothing_is_begun() {
        let dir = tempfile::tempdir().unwrap();
        let (state, list, _) = on_disk(&dir);
        let pending = dir.path().join("pending");
        let gone = || Err::<(), _>(RunError::Stopped(Stop::Gone));
        let ended = with_room(&state, &list, 9, async { gone() }).await;
        assert_eq!(ended, gone());
        assert_eq!(std::fs::read_dir(&pending).unwrap().count(), 0);
        std::fs::remove_dir(&pending).unwrap();
        std::fs::write(&pending, "in the way").unwrap();
        let never = async { unreachable!("there is no room") };
        let ended: Result<(), _> = with_room(&state, &list, 9, never).await;
        assert!(matches!(ended, Err(RunError::Failed(_))), "{ended:?}");
    }
}
