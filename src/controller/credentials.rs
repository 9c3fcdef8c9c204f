//! The two Secrets of a connector, read live and only when needed: no copy of a cluster's Secrets
//! in memory.

use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use kube::{Client, ResourceExt};
use secrecy::SecretString;

use super::error::{Error, call};
use crate::api::{CleverTapConnectorSpec, ObservedSecrets};
use crate::domain::{Failure, Reason, credential};
use crate::mixpanel::ServiceAccount;

/// What a connector logs in with.
pub struct Credentials {
    pub passcode: SecretString,
    pub service_account: ServiceAccount,
    /// Which versions of the Secrets these are.
    pub versions: ObservedSecrets,
}

/// Reads both Secrets. The inner error is the user's to mend: a Secret or a key that isn't there.
///
/// # Errors
/// The API server is away or refuses.
pub async fn read(
    client: &Client,
    namespace: &str,
    spec: &CleverTapConnectorSpec,
) -> Result<Result<Credentials, Failure>, Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let passcode_ref = &spec.passcode_secret_ref;
    let account_ref = &spec.mixpanel.service_account_secret_ref;
    let read = async {
        let passcodes = call("read a Secret", api.get_opt(&passcode_ref.name)).await?;
        let accounts = if account_ref.name == passcode_ref.name {
            passcodes.clone()
        } else {
            call("read a Secret", api.get_opt(&account_ref.name)).await?
        };
        Ok((passcodes, accounts))
    };
    let (passcodes, accounts) = match read.await {
        Err(error) if Error::is_denied(&error) => {
            let message = "The controller may not read Secrets here: grant it `get` on them.";
            return Ok(Err(Failure::new(Reason::SecretNotFound, message)));
        }
        read => read?,
    };
    Ok(assemble(spec, passcodes, accounts))
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
        service_account: ServiceAccount {
            username: value(&accounts, &account_ref.name, &account_ref.username_key)?,
            secret: value(&accounts, &account_ref.name, &account_ref.secret_key)?,
        },
        versions: ObservedSecrets {
            passcode: passcodes.resource_version(),
            service_account: accounts.resource_version(),
        },
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
