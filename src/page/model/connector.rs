//! A connector's card.

use jiff::Timestamp;

use super::Words;
use crate::api::CleverTapConnector;
use crate::api::conditions::{CONNECTED, READY, Status, find};

/// The tag of a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connected {
    Connected,
    NotConnected,
    Unknown,
}

impl Connected {
    /// As people read it, and as Mixpanel's own page says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Connected => "Connected",
            Self::NotConnected => "Not connected",
            Self::Unknown => "Unknown",
        }
    }
}

/// The rolling hour of the Mixpanel project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Queries {
    /// That may be sent an hour.
    pub limit: u32,
    /// Of the last hour.
    pub used: u32,
    /// That may be sent now.
    pub left: u32,
    /// Exports that wait for one.
    pub waiting: usize,
}

/// A `CleverTapConnector`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connector {
    pub namespace: String,
    pub name: String,
    /// `displayName`, where it has one.
    pub title: Option<String>,
    /// CleverTap Project ID.
    pub project: String,
    /// CleverTap's datacenter, by its code.
    pub datacenter: String,
    /// Mixpanel project id; `None` where the object can't be decoded.
    pub mixpanel_project: Option<i64>,
    pub connected: Connected,
    pub suspended: bool,
    pub words: Words,
    /// When the credentials were last tried.
    pub checked: Option<Timestamp>,
    pub queries: Option<Queries>,
    /// Exports that use it.
    pub exports: usize,
}

impl Connector {
    /// What the object says of itself; its budget and its exports aren't known by it.
    pub fn of(object: &CleverTapConnector) -> Self {
        let (spec, status) = (&object.spec, object.status.as_ref());
        let conditions = status.map_or(&[][..], |status| &status.conditions);
        let connected = find(conditions, CONNECTED);
        let ready = find(conditions, READY).or(connected);
        let datacenter = serde_json::to_value(spec.datacenter).unwrap_or_default();
        Self {
            namespace: object.metadata.namespace.clone().unwrap_or_default(),
            name: object.metadata.name.clone().unwrap_or_default(),
            title: spec.display_name.clone(),
            project: spec.project_id.clone(),
            datacenter: datacenter.as_str().unwrap_or_default().to_owned(),
            mixpanel_project: Some(spec.mixpanel.project_id),
            connected: match connected.map(Status::of) {
                Some(Status::True) => Connected::Connected,
                Some(Status::False) => Connected::NotConnected,
                Some(Status::Unknown) | None => Connected::Unknown,
            },
            suspended: spec.suspend == Some(true),
            words: ready.map_or_else(Words::new_object, |c| Words {
                reason: c.reason.clone(),
                message: c.message.clone(),
            }),
            checked: status.and_then(|s| s.last_check_time.as_ref()).map(|t| t.0),
            queries: None,
            exports: 0,
        }
    }

    /// An object that this release can't decode.
    pub fn unreadable(namespace: String, name: String) -> Self {
        Self {
            namespace,
            name,
            title: None,
            project: String::new(),
            datacenter: String::new(),
            mixpanel_project: None,
            connected: Connected::Unknown,
            suspended: false,
            words: Words::unreadable(),
            checked: None,
            queries: None,
            exports: 0,
        }
    }
}
