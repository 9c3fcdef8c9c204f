//! What a real API server says of a manifest.

use axum::http::Request;
use kube::core::Status;
use kube::{Client, Error};

/// The server's word on one object.
#[expect(dead_code, reason = "what it said is shown where a test fails")]
#[derive(Debug)]
pub struct Verdict {
    pub accepted: bool,
    /// The fields that it names.
    pub fields: Vec<String>,
    pub said: String,
}

/// Has the server try to make the object, strictly, and forget it: it reads the YAML itself.
pub async fn ask(client: &Client, namespace: &str, kind: &str, text: &str) -> Verdict {
    let base = match kind {
        "Secret" => "/api/v1".to_owned(),
        _ => "/apis/mixtap.dev/v1alpha1".to_owned(),
    };
    let plural = format!("{}s", kind.to_lowercase());
    let query = "dryRun=All&fieldValidation=Strict&fieldManager=test";
    let request = Request::post(format!("{base}/namespaces/{namespace}/{plural}?{query}"))
        .header("Content-Type", "application/yaml")
        .body(text.as_bytes().to_vec())
        .expect("a request");
    match client.request_text(request).await {
        Ok(_) => Verdict {
            accepted: true,
            fields: Vec::new(),
            said: String::new(),
        },
        Err(Error::Api(status)) => refused(&status),
        Err(error) => panic!("the API server is to answer: {error}\n{text}"),
    }
}

fn refused(status: &Status) -> Verdict {
    let said = status.message.clone();
    let strict = said.contains("strict decoding error");
    let fields = if strict {
        strictly(&said)
    } else {
        let causes = status.details.iter().flat_map(|details| &details.causes);
        let fields = causes.map(|cause| cause.field.clone());
        fields
            .filter(|field| !field.is_empty() && field != "<nil>")
            .collect()
    };
    Verdict {
        accepted: false,
        fields,
        said,
    }
}

/// Of `unknown field "spec.a"` and `key "a" already set in map` the quoted.
fn strictly(said: &str) -> Vec<String> {
    let quoted = |after: &str| {
        let parts = said.split(after).skip(1);
        let fields = parts.filter_map(|part| Some(part.split('"').next()?.to_owned()));
        fields.collect::<Vec<_>>()
    };
    [quoted("unknown field \""), quoted("key \"")].concat()
}
