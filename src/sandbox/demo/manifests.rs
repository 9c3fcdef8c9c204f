//! The CRDs and the examples, left on the API server as `kubectl apply` would leave them: applied
//! again from the same files they are "unchanged", and what the demo adds to them stays.

use std::{future::Future, time::Duration};

use k8s_openapi::{
    ByteString, api::core::v1::Secret,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, ResourceExt,
    api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams},
    runtime::{conditions::is_crd_established, wait::await_condition},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{
    DemoError,
    as_kubectl::{FIELD_MANAGER, as_applied},
};
use crate::{
    api::{CleverTapConnector, CohortExport},
    crdgen,
    sandbox::Urls,
};

/// In the order in which they make sense.
pub const EXAMPLES: [&str; 4] = [
    include_str!("../../../examples/quickstart/secret.yaml"),
    include_str!("../../../examples/quickstart/connector.yaml"),
    include_str!("../../../examples/quickstart/one-time.yaml"),
    include_str!("../../../examples/quickstart/dynamic.yaml"),
];
/// Owns `spec.endpoints` too, so that a server-side apply by kubectl doesn't take it away.
const DEMO: &str = "mixtap-demo";
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// A kind just established may still be unknown to the server that is asked.
const SERVED_WITHIN: Duration = Duration::from_secs(30);
const ASK_EVERY: Duration = Duration::from_millis(50);

/// What the examples' Secret holds.
pub struct Credentials {
    pub passcode: String,
    pub username: String,
    pub secret: String,
}

/// The examples, their connector pointed at the stand-ins.
pub struct Examples {
    objects: Vec<Value>,
    endpoints: Value,
}

pub fn examples(urls: &Urls) -> Result<Examples, DemoError> {
    let endpoints = json!({
        "mixpanel": urls.mixpanel.as_str(),
        "clevertap": urls.clevertap.as_str(),
    });
    let objects = EXAMPLES
        .map(|text| Ok::<_, DemoError>(as_applied(serde_yaml::from_str(text)?, Some("default"))?));
    let mut objects = objects.into_iter().collect::<Result<Vec<_>, DemoError>>()?;
    for object in &mut objects {
        if object["kind"] == "CleverTapConnector" {
            object["spec"]["endpoints"] = endpoints.clone();
        }
    }
    Ok(Examples { objects, endpoints })
}

/// The example Secret's values.
pub fn credentials() -> Result<Credentials, DemoError> {
    let secret: Secret = serde_yaml::from_str(EXAMPLES[0])?;
    let value = |key: &str| {
        let found = secret.data.as_ref().and_then(|data| data.get(key));
        let ByteString(bytes) = found.cloned().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(Credentials {
        passcode: value("passcode"),
        username: value("username"),
        secret: value("secret"),
    })
}

impl Examples {
    /// Creates all of them in the client's namespace.
    pub async fn apply(&self, client: &Client) -> Result<(), DemoError> {
        for object in &self.objects {
            let object = create(client, object.clone()).await?;
            if object.types.is_some_and(|t| t.kind == "CleverTapConnector") {
                let name = object.metadata.name.unwrap_or_default();
                self.own_endpoints(client, &name).await?;
            }
        }
        Ok(())
    }

    async fn own_endpoints(&self, client: &Client, name: &str) -> Result<(), DemoError> {
        let connectors = Api::<DynamicObject>::default_namespaced_with(
            client.clone(),
            &ApiResource::erase::<CleverTapConnector>(&()),
        );
        let fields = Patch::Apply(json!({
            "apiVersion": "mixtap.dev/v1alpha1",
            "kind": "CleverTapConnector",
            "spec": { "endpoints": self.endpoints },
        }));
        let params = PatchParams::apply(DEMO);
        call(
            &format!("endpoints of {name}"),
            connectors.patch(name, &params, &fields),
        )
        .await?;
        Ok(())
    }
}

/// Creates both CRDs and waits until they are established.
pub async fn apply_crds(client: &Client) -> Result<(), DemoError> {
    // As `mixtap crds` prints them, so that what it prints is what was applied.
    for document in serde_yaml::Deserializer::from_str(&crdgen::yaml()) {
        let made = create(client, as_applied(Value::deserialize(document)?, None)?).await?;
        let (crds, name) = (
            Api::<CustomResourceDefinition>::all(client.clone()),
            made.name_any(),
        );
        let waiting = timeout(
            SERVED_WITHIN,
            await_condition(crds, &name, is_crd_established()),
        );
        if !matches!(waiting.await, Ok(Ok(_))) {
            return Err(DemoError::NoAnswer(name));
        }
    }
    Ok(())
}

/// Creates one object; a kind that isn't served yet is waited for.
async fn create(client: &Client, object: Value) -> Result<DynamicObject, DemoError> {
    let object: DynamicObject = serde_json::from_value(object)?;
    let name = object.name_any();
    let kind = object.types.as_ref().map(|types| types.kind.as_str());
    let client = client.clone();
    let api: Api<DynamicObject> = match kind {
        Some("Secret") => Api::default_namespaced_with(client, &ApiResource::erase::<Secret>(&())),
        Some("CleverTapConnector") => {
            Api::default_namespaced_with(client, &ApiResource::erase::<CleverTapConnector>(&()))
        }
        Some("CohortExport") => {
            Api::default_namespaced_with(client, &ApiResource::erase::<CohortExport>(&()))
        }
        _ => Api::all_with(client, &ApiResource::erase::<CustomResourceDefinition>(&())),
    };
    let params = PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    };
    let deadline = Instant::now() + SERVED_WITHIN;
    loop {
        match call(&name, api.create(&params, &object)).await {
            Err(DemoError::Api { source, .. })
                if is_not_found(&source) && Instant::now() < deadline =>
            {
                sleep(ASK_EVERY).await
            }
            result => return result,
        }
    }
}

fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

async fn call<T>(what: &str, call: impl Future<Output = kube::Result<T>>) -> Result<T, DemoError> {
    let what = format!("applying {what}");
    match timeout(ANSWER_WITHIN, call).await {
        Ok(result) => result.map_err(|source| DemoError::Api {
            what,
            source: Box::new(source),
        }),
        Err(_) => Err(DemoError::NoAnswer(what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::demo::as_kubectl::LAST_APPLIED;

    #[test]
    fn endpoints_are_added_but_not_remembered_as_applied() {
        let at = |port: u16| url::Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
        let urls = Urls {
            mixpanel: at(1),
            mixpanel_eu: at(2),
            mixpanel_in: at(3),
            clevertap: at(4),
            storage: at(5),
            admin: at(6),
        };
        let examples = examples(&urls).unwrap();
        let kinds: Vec<_> = examples
            .objects
            .iter()
            .map(|o| o["kind"].as_str().unwrap())
            .collect();
        assert_eq!(
            kinds,
            [
                "Secret",
                "CleverTapConnector",
                "CohortExport",
                "CohortExport"
            ]
        );
        let connector = &examples.objects[1];
        assert_eq!(
            connector["spec"]["endpoints"]["clevertap"],
            "http://127.0.0.1:4/"
        );
        let remembered = connector["metadata"]["annotations"][LAST_APPLIED]
            .as_str()
            .unwrap();
        assert!(remembered.contains("quickstart-credentials"));
        assert!(!remembered.contains("endpoints"));
    }
}
