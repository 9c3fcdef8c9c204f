//! A page of values that a test changes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::html;
use super::model::Export;
use super::part::Part;
use super::view::{Budgets, View};
use crate::state::State;

/// Exports of namespace `growth`, by name.
#[derive(Clone, Default)]
pub struct Shown {
    exports: Arc<Mutex<BTreeMap<String, Export>>>,
    lapsed: Arc<AtomicBool>,
}

impl Shown {
    /// Sets what an export says of itself.
    pub fn put(&self, name: &str, message: &str) {
        let mut export = Export::unreadable("growth".into(), name.into(), format!("uid-{name}"));
        export.words.message = message.to_owned();
        export.last_ended = Some("run".to_owned());
        self.exports.lock().unwrap().insert(name.to_owned(), export);
    }

    /// A run ends.
    pub fn end(&self, name: &str, run: &str) {
        let mut exports = self.exports.lock().unwrap();
        exports.get_mut(name).unwrap().last_ended = Some(run.to_owned());
    }

    pub fn remove(&self, name: &str) {
        self.exports.lock().unwrap().remove(name);
    }

    /// Whether the process has lost the cluster, for now.
    pub fn lapse(&self, lapsed: bool) {
        self.lapsed.store(lapsed, SeqCst);
    }

    pub fn all(&self) -> Vec<Export> {
        self.exports.lock().unwrap().values().cloned().collect()
    }

    /// What a browser shows, by id, once it knows everything.
    pub fn parts(&self) -> BTreeMap<String, String> {
        let parts = Part::all(Vec::new(), self.all()).into_iter();
        let html = |part: &Part| html::part(part, Timestamp::now()).into_string();
        parts
            .map(|part| (part.id().to_string(), html(&part)))
            .collect()
    }

    /// A view of them, and of nothing else.
    pub fn view(&self, state: &State) -> View {
        let (exports, lapsed) = (self.clone(), Arc::clone(&self.lapsed));
        View {
            leads: Box::new(move || !lapsed.load(SeqCst)),
            state: state.clone(),
            connectors: Box::new(Vec::new),
            exports: Box::new(move || exports.all()),
            export: Box::new(|_, _| None),
            budgets: Box::new(|| Budgets { projects: vec![] }),
            base: Box::new(|_| Box::pin(async { Ok(None) })),
            listed: Box::new(|_, _| Box::pin(async { Ok(None) })),
        }
    }
}
