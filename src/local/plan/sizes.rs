//! What can be told where of last lists only their sizes are known.

use super::planned::{Outcome, Planned};
use super::report::Calls;
use crate::domain::counts::thousands;

impl Planned {
    /// Of the last list only its size is known; `None`: there is none, so that all are added.
    pub fn by_size(&mut self, last: Option<u64>) {
        let Some(members) = &mut self.members else {
            return;
        };
        if self.outcome != Outcome::Held {
            self.message.clear();
        }
        let Some(last) = last else { return };
        (members.added, members.removed, members.unchanged) = (None, None, None);
        (self.compared, self.last_list) = (None, Some(last));
        // What is sent depends on who is new.
        self.calls = Calls {
            reads: self.calls.reads,
            ..Calls::default()
        };
        if self.outcome != Outcome::Held {
            self.outcome = match members.exported == last {
                true => Outcome::Unknown,
                false => Outcome::Changes,
            };
            let [now, last] = [members.exported, last].map(thousands);
            self.message = format!("{now} identities now, {last} in the last list.");
        }
    }
}
