//! The key of the fingerprints that snapshots hold, in a Secret of its own: a key beside the data
//! protects nothing.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};

use super::error::{Error, call};
use crate::export::FingerprintKey;

const SECRET: &str = "mixtap-fingerprint-key";
const FIELD: &str = "key";

/// Reads the key, or makes it where there is none: once, whoever is first.
///
/// # Errors
/// The API server is away or refuses.
pub async fn read_or_make(client: &Client, namespace: &str) -> Result<FingerprintKey, Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    loop {
        if let Some(secret) = call("read the fingerprint key", api.get_opt(SECRET)).await? {
            return parse(&secret).ok_or(Error::FingerprintKey);
        }
        let mut made = [0; 32];
        getrandom::fill(&mut made).map_err(|_| Error::FingerprintKey)?;
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(SECRET.to_owned()),
                ..ObjectMeta::default()
            },
            data: Some(BTreeMap::from([(
                FIELD.to_owned(),
                ByteString(made.to_vec()),
            )])),
            ..Secret::default()
        };
        let params = PostParams::default();
        match call("make the fingerprint key", api.create(&params, &secret)).await {
            Ok(_) => return Ok(FingerprintKey::new(made)),
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads the key, for who has the right to; `None` where there is none.
///
/// # Errors
/// As [`read_or_make`].
pub async fn read(client: &Client, namespace: &str) -> Result<Option<FingerprintKey>, Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let secret = call("read the fingerprint key", api.get_opt(SECRET)).await?;
    secret
        .map(|secret| parse(&secret).ok_or(Error::FingerprintKey))
        .transpose()
}

fn parse(secret: &Secret) -> Option<FingerprintKey> {
    let bytes = secret.data.as_ref()?.get(FIELD)?;
    Some(FingerprintKey::new(bytes.0.as_slice().try_into().ok()?))
}
