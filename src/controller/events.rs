//! Kubernetes Events: one on every change of a reason, never one per healthy run.

use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client,
    runtime::events::{Event, EventType, Recorder, Reporter},
};
use tokio::time::timeout;

use crate::api::conditions::cut;

/// An event is worth no more of a reconcile's time.
const DEADLINE: Duration = Duration::from_secs(5);
/// The API server refuses longer notes, in bytes.
const LONGEST_NOTE: usize = 1024;
/// And longer names of the instance that reports.
const LONGEST_INSTANCE: usize = 128;

/// Publishes Events in the name of this controller.
#[derive(Clone)]
pub struct Events {
    client: Client,
    reporter: Reporter,
}

impl Events {
    /// `instance` tells replicas apart: the pod's name.
    #[must_use]
    pub fn new(client: Client, instance: &str) -> Self {
        let reporter = Reporter {
            controller: "mixtap".to_owned(),
            instance: Some(cut(instance, LONGEST_INSTANCE).to_owned()),
        };
        Self { client, reporter }
    }

    /// Publishes one Event about `object` (`Resource::object_ref`). Waits at most five seconds; a
    /// failure is logged and otherwise without consequence. `note` is for people, without secrets
    /// or personal data, and is cut at 1024 bytes.
    pub async fn publish(
        &self,
        object: &ObjectReference,
        kind: EventType,
        reason: &str,
        note: &str,
    ) {
        let event = Event {
            type_: kind,
            reason: reason.to_owned(),
            note: Some(cut(note, LONGEST_NOTE).to_owned()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        // A recorder of its own: one that is kept would count a repeated reason on the first
        // event, with the first one's note.
        let recorder = Recorder::new(self.client.clone(), self.reporter.clone());
        let failure = match timeout(DEADLINE, recorder.publish(&event, object)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the API server didn't answer in time".to_owned(),
        };
        let (namespace, name) = (object.namespace.as_deref(), object.name.as_deref());
        tracing::warn!(namespace, name, reason, failure, "event not published");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut("short", LONGEST_NOTE), "short");
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("é", 1), "");
    }

    proptest! {
        #[test]
        fn cuts_no_more_than_it_must(text in "\\PC{0,40}", bytes in 0_usize..60) {
            let kept = cut(&text, bytes);
            prop_assert!(text.starts_with(kept) && kept.len() <= bytes);
            let next = text[kept.len()..].chars().next();
            prop_assert!(next.is_none_or(|c| kept.len() + c.len_utf8() > bytes));
        }
    }
}
