//! Which export of the files may write which list, and which lists are being written.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::world::{Export, World};
use crate::domain::segment::{Claimant, conflict_message, fixed_default, recorded, rival};
use crate::domain::{Destination, Failure, Reason};

/// Shared by all runs of a pass.
pub struct Lists(Mutex<Inner>);

struct Inner {
    claimants: Vec<Claimant>,
    /// The uid of the export whose run writes a list.
    writers: HashMap<Destination, String>,
}

/// A list that one run writes; given back when dropped.
pub struct Hold<'a> {
    lists: &'a Lists,
    list: Destination,
}

impl Lists {
    /// As far as names are known without a call.
    pub fn of(world: &World) -> Self {
        Self(Mutex::new(Inner {
            claimants: world.exports.iter().filter_map(claimant).collect(),
            writers: HashMap::new(),
        }))
    }

    /// Why an export must not write its list, as far as its name is known.
    pub fn conflict(&self, uid: &str) -> Option<Failure> {
        self.lock().conflict(uid)
    }

    /// A run knows its list now, and is to write it.
    ///
    /// # Errors
    /// `SegmentConflict`.
    pub fn resolve(&self, uid: &str, list: &Destination) -> Result<Hold<'_>, Failure> {
        let mut inner = self.lock();
        if let Some(mine) = inner.claimants.iter_mut().find(|c| c.uid == uid)
            && mine.wants.as_ref() != Some(list)
        {
            mine.wants = Some(list.clone());
            mine.uploaded = false;
        }
        if let Some(failure) = inner.conflict(uid) {
            return Err(failure);
        }
        if inner.writers.contains_key(list) {
            let message = "Another CohortExport is just writing this segment; this one follows.";
            return Err(Failure::new(Reason::SegmentConflict, message));
        }
        inner.writers.insert(list.clone(), uid.to_owned());
        Ok(Hold {
            lists: self,
            list: list.clone(),
        })
    }

    /// All lists that exports ask for, as far as their names are known.
    pub fn wanted(&self) -> Vec<Destination> {
        let inner = self.lock();
        inner
            .claimants
            .iter()
            .filter_map(|c| c.wants.clone())
            .collect()
    }

    /// An export's run has written its list.
    pub fn wrote(&self, uid: &str) {
        let mut inner = self.lock();
        if let Some(mine) = inner.claimants.iter_mut().find(|c| c.uid == uid) {
            mine.uploaded = true;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each change is whole, so a panic elsewhere spoils none.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn conflict(&self, uid: &str) -> Option<Failure> {
        let mine = self.claimants.iter().find(|c| c.uid == uid)?;
        let rival = rival(mine, &self.claimants)?;
        let message = conflict_message(mine, rival);
        Some(Failure::new(Reason::SegmentConflict, message))
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.lists.lock().writers.remove(&self.list);
    }
}

/// `None` for an export that can't run whatever happens.
fn claimant(export: &Export) -> Option<Claimant> {
    let ready = export.ready.as_ref().ok()?;
    let status = &export.record.status;
    let kept = || fixed_default(&ready.plan.cohort, Some(ready.shape), status);
    let name = ready.plan.segment_name.clone().or_else(kept);
    let wants = name.map(|name| ready.connector.destination(&name));
    let uploaded = |list: &Destination| recorded(status, ready.shape, &list.segment);
    Some(Claimant {
        namespace: export.id.namespace.clone(),
        name: export.id.name.clone(),
        uid: export.id.uid(),
        created: export.record.created,
        suspended: ready.suspended,
        uploaded: wants.as_ref().is_some_and(uploaded),
        wants,
    })
}
