//! Which exports may ask for a list: an index, so that a look at one needn't go through them all.

use std::collections::HashMap;
use std::sync::Arc;

use kube::runtime::reflector::ObjectRef;

use super::context::Export;
use crate::domain::Destination;

/// By uid of the export, and by list. Who is listed may ask for the list, as what the watch last
/// saw or a run found out says; who isn't doesn't.
#[derive(Default)]
pub struct Asking {
    exports: HashMap<Arc<str>, Box<Ask>>,
    lists: HashMap<Arc<Destination>, Vec<Arc<str>>>,
}

#[derive(Default)]
struct Ask {
    /// Absent until the watch has shown it.
    object: Option<ObjectRef<Export>>,
    wanted: Option<Arc<Destination>>,
    resolved: Option<Arc<Destination>>,
}

impl Asking {
    /// The watch shows an export that wants this list.
    pub fn wants(&mut self, uid: &str, object: ObjectRef<Export>, list: Option<Destination>) {
        let list = list.map(|list| self.shared(&list));
        self.change(uid, |ask| (ask.object, ask.wanted) = (Some(object), list));
    }

    /// A run found out which list its export means.
    pub fn resolved(&mut self, uid: &str, list: Arc<Destination>) {
        self.change(uid, |ask| ask.resolved = Some(list));
    }

    /// This list, which all that know it share: there may be thousands.
    pub fn shared(&self, list: &Destination) -> Arc<Destination> {
        let known = self.lists.get_key_value(list);
        known.map_or_else(|| Arc::new(list.clone()), |(known, _)| Arc::clone(known))
    }

    /// Forgets a deleted export.
    pub fn forget(&mut self, uid: &str) {
        self.change(uid, |ask| *ask = Ask::default());
        self.exports.remove(uid);
    }

    /// The exports that may ask for this list.
    pub fn of(&self, list: &Destination) -> Vec<ObjectRef<Export>> {
        let uids = self.lists.get(list).into_iter().flatten();
        uids.filter_map(|uid| self.exports.get(uid)?.object.clone())
            .collect()
    }

    fn change(&mut self, uid: &str, change: impl FnOnce(&mut Ask)) {
        let uid = match self.exports.get_key_value(uid) {
            Some((uid, _)) => Arc::clone(uid),
            None => uid.into(),
        };
        let ask = self.exports.entry(Arc::clone(&uid)).or_default();
        for list in ask.wanted.iter().chain(&ask.resolved) {
            if let Some(uids) = self.lists.get_mut(list) {
                uids.retain(|known| *known != uid);
                if uids.is_empty() {
                    self.lists.remove(list);
                }
            }
        }
        change(ask);
        for list in ask.wanted.iter().chain(&ask.resolved) {
            let uids = self.lists.entry(Arc::clone(list)).or_default();
            if !uids.contains(&uid) {
                uids.push(Arc::clone(&uid));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(number: u8) -> Destination {
        Destination {
            host: "api.example.com".into(),
            project: "TEST-1".into(),
            segment: number.to_string(),
        }
    }

    proptest! {
        /// Against a scan of all exports.
        #[test]
        fn it_lists_who_a_scan_would_find(
            changes in prop::collection::vec((0_u8..3, 0_u8..4, prop::option::of(0_u8..4)), 1..60),
        ) {
            let mut asking = Asking::default();
            let mut scan: HashMap<u8, (bool, Option<u8>, Option<u8>)> = HashMap::new();
            for (what, uid, number) in changes {
                let (name, known) = (uid.to_string(), scan.entry(uid).or_default());
                match (what, number) {
                    (0, number) => {
                        asking.wants(&name, ObjectRef::new(&name), number.map(list));
                        (known.0, known.1) = (true, number);
                    }
                    (1, Some(number)) => {
                        asking.resolved(&name, asking.shared(&list(number)));
                        known.2 = Some(number);
                    }
                    _ => {
                        asking.forget(&name);
                        scan.remove(&uid);
                    }
                }
                for number in 0..4 {
                    let mut found: Vec<_> =
                        asking.of(&list(number)).into_iter().map(|o| o.name).collect();
                    found.sort();
                    let asks = |&(seen, wanted, resolved): &(bool, Option<u8>, Option<u8>)| {
                        seen && [wanted, resolved].contains(&Some(number))
                    };
                    let mut expected: Vec<_> = scan
                        .iter()
                        .filter(|(_, known)| asks(known))
                        .map(|(uid, _)| uid.to_string())
                        .collect();
                    expected.sort();
                    prop_assert_eq!(found, expected);
                }
            }
            for uid in 0_u8..4 {
                asking.forget(&uid.to_string());
            }
            prop_assert!(asking.exports.is_empty() && asking.lists.is_empty());
        }
    }
}
