//! How far the runs of this process are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::export::Progress;

/// By uid of the export: an object has one run at a time.
#[derive(Clone, Default)]
pub struct UnderWay(Arc<Mutex<HashMap<String, Progress>>>);

/// A run, as long as this is held.
pub struct Going {
    pub progress: Progress,
    uid: String,
    all: UnderWay,
}

impl UnderWay {
    /// A run begins.
    pub fn begin(&self, uid: &str) -> Going {
        let progress = Progress::default();
        self.lock().insert(uid.to_owned(), progress.clone());
        Going {
            progress,
            uid: uid.to_owned(),
            all: self.clone(),
        }
    }

    /// How far the run of this export is, if it runs here.
    pub fn of(&self, uid: &str) -> Option<Progress> {
        self.lock().get(uid).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.all.lock().remove(&self.uid);
    }
}
