//! The confirming upload of a one-time export: CleverTap may have processed its list before it
//! knew the profiles that the run had created, and no later slot would tell.

use jiff::Timestamp;

use super::before::Before;
use super::find::destination;
use super::gate::{Gate, Watch};
use super::keep::{keep, with_room};
use super::list::Upload;
use super::shelf::Shelf;
use super::snapshot::Header;
use super::{Request, RunError, Tools};
use crate::telemetry::traces::{Instrument as _, phase};

/// What became of a confirming upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    Uploaded,
    /// Another run has written the list since, or it is confirmed already: nothing to do.
    Superseded,
    /// A restart lost the file, or what was known of the list: it is unconfirmed.
    Lost,
}

/// Uploads the list of the one-time run `of` once more, without a read, and deletes its file. Of
/// `request`, the connector and what is known of cohort and segment are used.
///
/// # Errors
/// As a run's; the file stays, and the call may be repeated.
pub async fn confirm(
    tools: &Tools<'_>,
    request: &Request,
    of: &str,
    gate: &Gate<'_>,
) -> Result<Confirmed, RunError> {
    let known = request.known_cohort.clone().unwrap_or_default();
    let list = destination(request, &known);
    (gate.resolved)(&list)?;
    let shelf = Shelf::of(tools.scratch, &list, of);
    let Before { snapshot, mark, .. } = Before::load(tools.state, &list, tools.scratch).await?;
    let Some(snapshot) = snapshot else {
        // Nobody knows who has written the list since.
        shelf.forget_run().await;
        return Ok(Confirmed::Lost);
    };
    let header = &snapshot.header;
    if mark.is_some() || header.run_id != of || !header.confirm_due {
        shelf.forget_run().await;
        return Ok(Confirmed::Superseded);
    }
    let Ok(file) = shelf.find().await else {
        return Ok(Confirmed::Lost);
    };
    let watch = Watch::new(gate, &list);
    let cohort = snapshot.header.cohort_id;
    let upload = Upload::new(&list, cohort, &request.connector, &file);
    let uploading = async {
        let ready = upload.stage(tools, &watch).await?;
        ready.replace(tools, &watch).await
    };
    let uploading = uploading.instrument(phase("write list"));
    let accepted = with_room(tools.state, &list, snapshot.count, uploading).await?;
    let header = Header {
        segment_id: accepted.segment_id.or(header.segment_id.clone()),
        confirm_due: false,
        uploaded: Timestamp::now(),
        ..header.clone()
    };
    let kept = keep(tools, &list, header, snapshot.bytes(), &watch);
    kept.instrument(phase("keep")).await?;
    shelf.forget_run().await;
    Ok(Confirmed::Uploaded)
}
