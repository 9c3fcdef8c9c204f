//! The two Secrets of a connector, read live and only when needed: no copy of a cluster's Secrets
//! in memory.

use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use kube::{Client, ResourceExt};
use secrecy::SecretString;

use super::error::{Error, call};
use crate::api::{CleverTapConnectorSpec, ObservedSecrets, ServiceAccountSecretRef};
use crate::domain::{Failure, Reason, credential};
use crate::export::Credentials;
use crate::mixpanel::ServiceAccount;

/// Reads both Secrets. The inner error is the user's to mend: a Secret or a key that isn't there.
///
/// # Errors
/// The API server is away or refuses.
pub async fn read(
    client: &Client,
    namespace: &str,
    spec: &CleverTapConnectorSpec,
) -> Result<Result<Credentials, Failure>, Error> {
    match both(client, namespace, spec).await {
        Err(error) if Error::is_denied(&error) => {
            let message = "The controller may not read Secrets here: grant it `get` on them.";
            Ok(Err(Failure::new(Reason::SecretNotFound, message)))
        }
        read => read,
    }
}

/// The same for a caller who is no controller: its rights are told by the error.
///
/// # Errors
/// As [`read`].
pub async fn both(
    client: &Client,
    namespace: &str,
    spec: &CleverTapConnectorSpec,
) -> Result<Result<Credentials, Failure>, Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let passcode_ref = &spec.passcode_secret_ref;
    let account_ref = &spec.mixpanel.service_account_secret_ref;
    let passcodes = call("read a Secret", api.get_opt(&passcode_ref.name)).await?;
    let accounts = if account_ref.name == passcode_ref.name {
        passcodes.clone()
    } else {
        call("read a Secret", api.get_opt(&account_ref.name)).await?
    };
    Ok(assemble(spec, passcodes, accounts))
}

/// Reads the service account alone, for such a caller.
///
/// # Errors
/// As [`read`].
pub async fn service_account(
    client: &Client,
    namespace: &str,
    spec: &CleverTapConnectorSpec,
) -> Result<Result<ServiceAccount, Failure>, Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let reference = &spec.mixpanel.service_account_secret_ref;
    let secret = call("read a Secret", api.get_opt(&reference.name)).await?;
    Ok(found(secret, &reference.name).and_then(|secret| account(&secret, reference)))
}

fn assemble(
    spec: &CleverTapConnectorSpec,
    passcodes: Option<Secret>,
    accounts: Option<Secret>,
) -> Result<Credentials, Failure> {
    let passcode_ref = &spec.passcode_secret_ref;
    let account_ref = &spec.mixpanel.service_account_secret_ref;
    let passcodes = found(passcodes, &passcode_ref.name)?;
    let accounts = found(accounts, &account_ref.name)?;
    Ok(Credentials {
        passcode: value(&passcodes, &passcode_ref.name, &passcode_ref.key)?,
        service_account: account(&accounts, account_ref)?,
        versions: ObservedSecrets {
            passcode: passcodes.resource_version(),
            service_account: accounts.resource_version(),
        },
    })
}

fn account(secret: &Secret, by: &ServiceAccountSecretRef) -> Result<ServiceAccount, Failure> {
    Ok(ServiceAccount {
        username: value(secret, &by.name, &by.username_key)?,
        secret: value(secret, &by.name, &by.secret_key)?,
    })
}

fn found(secret: Option<Secret>, name: &str) -> Result<Secret, Failure> {
    let message = || format!("Secret {name} isn't there; create it in the connector's namespace.");
    secret.ok_or_else(|| Failure::new(Reason::SecretNotFound, message()))
}

fn value(secret: &Secret, name: &str, key: &str) -> Result<SecretString, Failure> {
    let bytes = secret.data.as_ref().and_then(|data| data.get(key));
    let usable = bytes.and_then(|bytes| credential::line(&bytes.0));
    let message = || format!("Secret {name} needs a key {key} that holds one line of text.");
    let text = usable.ok_or_else(|| Failure::new(Reason::SecretKeyMissing, message()))?;
    Ok(SecretString::from(text))
}
