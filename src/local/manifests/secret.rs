//! A Secret of a file: its values leave the document at once, for types that don't show them.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::Value;

use super::Document;
use crate::domain::credential;

/// A Secret, its values apart.
#[derive(Debug)]
pub struct Secret {
    /// All of it but `data` and `stringData`.
    pub document: Document,
    values: BTreeMap<String, SecretSlice<u8>>,
    /// Fields whose values aren't what they must be: base64 in `data`, text in `stringData`.
    pub unreadable: Vec<String>,
}

impl Secret {
    pub(super) fn new(mut document: Document) -> Self {
        let mut taken = |field: &str| {
            let fields = document.value.as_object_mut()?;
            match fields.remove(field)? {
                Value::Object(values) => Some(values),
                Value::Null => None,
                _ => Some([(String::new(), Value::Null)].into_iter().collect()),
            }
        };
        let (data, text) = (taken("data"), taken("stringData"));
        let mut secret = Self {
            document,
            values: BTreeMap::new(),
            unreadable: Vec::new(),
        };
        // What is plain wins, as at the API server.
        secret.keep("data", data.unwrap_or_default(), decoded);
        secret.keep("stringData", text.unwrap_or_default(), plain);
        secret
    }

    fn keep(
        &mut self,
        field: &str,
        values: serde_json::Map<String, Value>,
        read: fn(Value) -> Option<Vec<u8>>,
    ) {
        for (key, value) in values {
            match read(value) {
                Some(bytes) => {
                    self.values.insert(key, bytes.into());
                }
                None => self.unreadable.push(super::below(field, &key)),
            }
        }
    }

    /// The Secret of this name among these.
    pub fn find<'s>(secrets: &'s [Self], namespace: &str, name: &str) -> Option<&'s Self> {
        let named = |secret: &&Self| {
            let document = &secret.document;
            document.namespace() == namespace && document.name() == name
        };
        secrets.iter().find(named)
    }

    /// Every key that can be read.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether it has this key.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Whether it has this key with a value that can't be read.
    pub fn is_unreadable(&self, key: &str) -> bool {
        let is = |field: &str| self.unreadable.contains(&super::below(field, key));
        is("data") || is("stringData")
    }

    /// The one line of text that this key holds; `None` where there is none.
    pub fn line(&self, key: &str) -> Option<SecretString> {
        let bytes = self.values.get(key)?.expose_secret();
        credential::line(bytes).map(SecretString::from)
    }
}

fn decoded(value: Value) -> Option<Vec<u8>> {
    // A block of text has line ends, which Go's reader passes over.
    let text: String = match value {
        Value::String(text) => text.chars().filter(|c| !"\r\n".contains(*c)).collect(),
        Value::Null => String::new(),
        _ => return None,
    };
    let bytes: Option<ByteString> = serde_json::from_value(text.into()).ok();
    bytes.map(|bytes| bytes.0)
}

fn plain(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.into_bytes()),
        Value::Null => Some(Vec::new()),
        _ => None,
    }
}
