//! Objects that something else's change makes worth another look.
//!
//! Sets, not queues: each holds an object once, so none is ever larger than the store.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::Stream;
use kube::runtime::reflector::{Lookup, ObjectRef};
use tokio::sync::Notify;

/// Objects for which room is kept while none wait.
const ROOM: usize = 64;

/// Wakes objects of one kind, in every watched scope. Clones share it.
pub struct Wakeups<K: Lookup>(Arc<Vec<Scope<K>>>)
where
    K::DynamicType: Hash + Eq;

struct Scope<K: Lookup>
where
    K::DynamicType: Hash + Eq,
{
    waiting: Mutex<HashSet<ObjectRef<K>>>,
    some: Notify,
}

impl<K> Wakeups<K>
where
    K: Lookup + 'static,
    K::DynamicType: Hash + Eq + Clone + Default,
{
    /// For this many scopes, each with a controller of its own.
    pub fn new(scopes: usize) -> Self {
        let scope = || Scope {
            waiting: Mutex::default(),
            some: Notify::new(),
        };
        Self(Arc::new((0..scopes).map(|_| scope()).collect()))
    }

    /// Asks for another look at this object; the controller whose scope has it takes it.
    pub fn wake(&self, object: &ObjectRef<K>) {
        for scope in self.0.iter() {
            scope.lock().insert(object.clone());
            scope.some.notify_one();
        }
    }

    /// The objects to look at again, for the controller of one scope.
    pub fn stream(&self, scope: usize) -> impl Stream<Item = ObjectRef<K>> + Send + use<K>
    where
        K: Send + Sync,
        K::DynamicType: Send + Sync,
    {
        futures::stream::unfold(self.clone(), move |wakeups| async move {
            let scope = wakeups.0.get(scope)?;
            loop {
                let heard = scope.some.notified();
                if let Some(object) = scope.take() {
                    return Some((object, wakeups.clone()));
                }
                heard.await;
            }
        })
    }
}

impl<K: Lookup> Scope<K>
where
    K::DynamicType: Hash + Eq + Clone,
{
    fn take(&self) -> Option<ObjectRef<K>> {
        let mut waiting = self.lock();
        let Some(next) = waiting.iter().next().cloned() else {
            // A start wakes thousands, and no other time does.
            waiting.shrink_to(ROOM);
            return None;
        };
        waiting.take(&next)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<ObjectRef<K>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Lookup> Clone for Wakeups<K>
where
    K::DynamicType: Hash + Eq,
{
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
