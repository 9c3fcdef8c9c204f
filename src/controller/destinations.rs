//! Which list each export was resolved to, and which lists are being written at this moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kube::runtime::reflector::ObjectRef;

use super::asking::Asking;
use super::context::Export;
use crate::domain::{Destination, Shape};

/// Shared by all runs of the process. Clones share it.
#[derive(Clone, Default)]
pub struct Destinations(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// By uid of the export: a default name is known only once the cohort's name is.
    resolved: HashMap<String, (Shape, Arc<Destination>)>,
    /// By uid of the export: the list that it wrote last.
    written: HashMap<String, Arc<Destination>>,
    /// The uid of the export whose run writes a list.
    writers: HashMap<Destination, String>,
    asking: Asking,
}

/// A list that one run writes; given back when dropped.
pub struct Hold {
    destinations: Destinations,
    destination: Destination,
}

impl Destinations {
    /// The list that this export was resolved to, if its shape is still the same.
    pub fn of(&self, uid: &str, shape: Shape) -> Option<Destination> {
        let inner = self.lock();
        let (known, destination) = inner.resolved.get(uid)?;
        (*known == shape).then(|| Destination::clone(destination))
    }

    /// Keeps what an export was resolved to.
    pub fn resolve(&self, uid: &str, shape: Shape, destination: &Destination) {
        let mut inner = self.lock();
        let list = inner.asking.shared(destination);
        let known = (shape, Arc::clone(&list));
        inner.resolved.insert(uid.to_owned(), known);
        inner.asking.resolved(uid, list);
    }

    /// Keeps which list an export wants, as the watch shows it.
    pub fn wants(&self, uid: &str, object: ObjectRef<Export>, list: Option<Destination>) {
        self.lock().asking.wants(uid, object, list);
    }

    /// The exports that may ask for this list; no other one does.
    pub fn asking(&self, list: &Destination) -> Vec<ObjectRef<Export>> {
        self.lock().asking.of(list)
    }

    /// Keeps that an export's run wrote this list.
    pub fn wrote(&self, uid: &str, destination: &Destination) {
        let mut inner = self.lock();
        let list = inner.asking.shared(destination);
        inner.written.insert(uid.to_owned(), list);
    }

    /// Whether this is the list that the export is known to have written last.
    pub fn has_written(&self, uid: &str, destination: &Destination) -> bool {
        self.lock().written.get(uid).map(|list| &**list) == Some(destination)
    }

    /// Whether another export's run writes this list at this moment.
    pub fn is_written_by_another(&self, destination: &Destination, uid: &str) -> bool {
        self.lock()
            .writers
            .get(destination)
            .is_some_and(|writer| writer != uid)
    }

    /// Takes a list for one run; `None` while another one writes it.
    pub fn hold(&self, destination: &Destination, uid: &str) -> Option<Hold> {
        let mut inner = self.lock();
        if inner.writers.contains_key(destination) {
            return None;
        }
        inner.writers.insert(destination.clone(), uid.to_owned());
        Some(Hold {
            destinations: self.clone(),
            destination: destination.clone(),
        })
    }

    /// Forgets a deleted export.
    pub fn forget(&self, uid: &str) {
        let mut inner = self.lock();
        inner.resolved.remove(uid);
        inner.written.remove(uid);
        inner.asking.forget(uid);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.destinations.lock().writers.remove(&self.destination);
    }
}
