//! The upload of a list, in its two halves: what can still be left, and what can't be undone.

use super::before::unusable;
use super::gate::{Watch, patiently};
use super::{RunError, Tools, refusal};
use crate::clevertap::{Accepted, Error, List, ListFile, Staged};
use crate::domain::{ConnectorPlan, Destination};

/// Who made a list, unless its connector has a name.
const CREATOR: &str = "mixtap";

/// A list on its way.
pub(super) struct Upload<'a> {
    destination: &'a Destination,
    connector: &'a ConnectorPlan,
    filename: String,
    file: &'a ListFile,
}

/// A list that lies in CleverTap's storage, without any effect yet.
pub(super) struct Ready<'a> {
    upload: Upload<'a>,
    staged: Staged,
}

impl<'a> Upload<'a> {
    pub(super) fn new(
        destination: &'a Destination,
        cohort_id: i64,
        connector: &'a ConnectorPlan,
        file: &'a ListFile,
    ) -> Self {
        Self {
            destination,
            connector,
            filename: format!("cohort-{cohort_id}.csv"),
            file,
        }
    }

    /// Puts the file into CleverTap's storage.
    pub(super) async fn stage(
        self,
        tools: &Tools<'_>,
        watch: &Watch<'_>,
    ) -> Result<Ready<'a>, RunError> {
        let gate = || watch.write();
        let staged = patiently(watch, || tools.clevertap.stage(self.file, &gate)).await?;
        Ok(Ready {
            upload: self,
            staged,
        })
    }

    fn list(&self, replace: bool) -> List<'_> {
        List {
            name: &self.destination.segment,
            email: &self.connector.result_email.0,
            filename: &self.filename,
            creator: self.connector.display_name.as_deref().unwrap_or(CREATOR),
            file: self.file,
            replace,
        }
    }
}

impl Ready<'_> {
    /// Puts the list in place of the segment, whatever that holds.
    pub(super) async fn replace(
        &self,
        tools: &Tools<'_>,
        watch: &Watch<'_>,
    ) -> Result<Accepted, RunError> {
        let list = self.upload.list(true);
        let gate = || watch.write();
        let complete = || tools.clevertap.complete(&list, &self.staged, &gate);
        patiently(watch, complete).await
    }

    /// Makes the segment, where none of its name exists. The mark stays only where an answer was
    /// lost, which may hide a list: it counts as knowing the list, and would let the next run
    /// replace somebody else's.
    pub(super) async fn create(
        &self,
        tools: &Tools<'_>,
        watch: &Watch<'_>,
    ) -> Result<Accepted, RunError> {
        let list = self.upload.list(false);
        let gate = || watch.write();
        let made = tools.clevertap.complete(&list, &self.staged, &gate);
        match made.await {
            Ok(accepted) => Ok(accepted),
            Err(error) => {
                if !matches!(error, Error::Unavailable { .. }) {
                    watch.leads().await?;
                    let confirmed = tools.state.confirm(self.upload.destination).await;
                    confirmed.map_err(unusable)?;
                }
                Err(refusal::writing(error, watch.stop()))
            }
        }
    }
}
