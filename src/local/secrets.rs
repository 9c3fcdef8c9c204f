//! The credentials of a connector: of the environment, or of a Secret in the files.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::manifests::Secret;
use crate::api::{CleverTapConnectorSpec, ObservedSecrets};
use crate::domain::{Failure, Reason, credential};
use crate::export::{Credentials, FingerprintKey};
use crate::mixpanel::ServiceAccount;

const PREFIX: &str = "MIXTAP_SECRET";

/// Where secrets are looked for.
pub struct Secrets<'a> {
    pub files: &'a [Secret],
    pub key: &'a FingerprintKey,
    names: Names,
}

/// Which key of which Secret each variable stands for.
type Names = BTreeMap<String, [String; 3]>;

/// Two keys of Secrets whose values one variable would give.
#[derive(Debug, thiserror::Error)]
#[error(
    "the variable {variable} would stand for both {} and {}: rename one of them",
    .both[0], .both[1]
)]
pub struct Ambiguous {
    variable: String,
    both: [String; 2],
}

impl<'a> Secrets<'a> {
    /// For connectors of these namespaces with these specs.
    ///
    /// # Errors
    /// A variable would stand for two keys.
    pub fn new<'c>(
        files: &'a [Secret],
        key: &'a FingerprintKey,
        connectors: impl Iterator<Item = (&'c str, &'c CleverTapConnectorSpec)>,
    ) -> Result<Self, Ambiguous> {
        let mut names = Names::new();
        for (namespace, spec) in connectors {
            for [secret, key] in wanted(spec) {
                let place = [namespace, secret, key].map(str::to_owned);
                let name = variable(&place);
                let before = names.insert(name.clone(), place.clone());
                if let Some(before) = before.filter(|before| *before != place) {
                    return Err(Ambiguous {
                        variable: name,
                        both: [before, place].map(|place| place.join("/")),
                    });
                }
            }
        }
        Ok(Self { files, key, names })
    }

    /// What this connector logs in with. Which version it is tells nothing of the values.
    ///
    /// # Errors
    /// `SecretNotFound` and `SecretKeyMissing`.
    pub fn of(
        &self,
        namespace: &str,
        spec: &CleverTapConnectorSpec,
    ) -> Result<Credentials, Failure> {
        let [passcode, username, secret] =
            wanted(spec).map(|[name, key]| self.value([namespace, name, key]));
        let (passcode, username, secret) = (passcode?, username?, secret?);
        let version = |values: &[&SecretString]| {
            let all: Vec<_> = values.iter().map(|value| value.expose_secret()).collect();
            let text = serde_json::to_string(&all).expect("strings serialize");
            Some(hex(&self.key.fingerprint(&text)))
        };
        Ok(Credentials {
            versions: ObservedSecrets {
                passcode: version(&[&passcode]),
                service_account: version(&[&username, &secret]),
            },
            passcode,
            service_account: ServiceAccount { username, secret },
        })
    }

    /// The environment wins: a pipeline has its secrets there.
    fn value(&self, place: [&str; 3]) -> Result<SecretString, Failure> {
        let [namespace, name, key] = place;
        let variable = variable(&place.map(str::to_owned));
        debug_assert!(self.names.contains_key(&variable));
        if let Some(value) = std::env::var_os(&variable) {
            let line = value.to_str().and_then(|v| credential::line(v.as_bytes()));
            let message = || format!("The variable {variable} must hold one line of text.");
            return line
                .map(SecretString::from)
                .ok_or_else(|| Failure::new(Reason::SecretKeyMissing, message()));
        }
        let Some(secret) = Secret::find(self.files, namespace, name) else {
            let message = format!(
                "Secret {namespace}/{name} isn't in the files: set the variable {variable} to its \
                 {key}, or add the Secret."
            );
            return Err(Failure::new(Reason::SecretNotFound, message));
        };
        secret.line(key).ok_or_else(|| {
            let message = format!(
                "Secret {namespace}/{name} needs a key {key} that holds one line of text, or set the \
                 variable {variable}."
            );
            Failure::new(Reason::SecretKeyMissing, message)
        })
    }
}

/// The Passcode, the user name and the secret: which Secret, and which key of it.
fn wanted(spec: &CleverTapConnectorSpec) -> [[&str; 2]; 3] {
    let (passcode, account) = (
        &spec.passcode_secret_ref,
        &spec.mixpanel.service_account_secret_ref,
    );
    [
        [&passcode.name, &passcode.key],
        [&account.name, &account.username_key],
        [&account.name, &account.secret_key],
    ]
}

/// `MIXTAP_SECRET_<NAMESPACE>_<NAME>_<KEY>`.
fn variable(place: &[String; 3]) -> String {
    let plain = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_uppercase(),
        false => '_',
    };
    let name: String = place.join("_").chars().map(plain).collect();
    format!("{PREFIX}_{name}")
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_upper_case_and_has_no_other_signs() {
        let name = variable(&[
            "growth".into(),
            "mix-tap.credentials".into(),
            "passcode".into(),
        ]);
        assert_eq!(name, "MIXTAP_SECRET_GROWTH_MIX_TAP_CREDENTIALS_PASSCODE");
    }

    #[test]
    fn a_variable_that_would_stand_for_two_keys_is_refused() {
        let spec = |name: &str| -> CleverTapConnectorSpec {
            let reference = serde_json::json!({ "name": name });
            let spec = serde_json::json!({
                "projectId": "TEST-1", "datacenter": "eu1", "resultEmail": "growth@example.com",
                "passcodeSecretRef": reference,
                "mixpanel": { "projectId": 1, "serviceAccountSecretRef": reference },
            });
            serde_json::from_value(spec).unwrap()
        };
        let key = FingerprintKey::new([0; 32]);
        let (plain, twin) = (spec("a-b"), spec("a.b"));
        let secrets = |all: &[(&str, &CleverTapConnectorSpec)]| {
            Secrets::new(&[], &key, all.iter().copied()).map(drop)
        };
        assert!(secrets(&[("one", &plain), ("one", &plain), ("two", &plain)]).is_ok());
        let error = secrets(&[("one", &plain), ("one", &twin)]).unwrap_err();
        let text = "the variable MIXTAP_SECRET_ONE_A_B_PASSCODE would stand for both \
                    one/a-b/passcode and one/a.b/passcode: rename one of them";
        assert_eq!(error.to_string(), text);
    }
}
