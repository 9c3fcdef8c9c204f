//! What `kubectl apply` leaves on an object, besides the object.

use serde_json::{Value, json};

/// Where it keeps what it last applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The name under which it writes.
pub const FIELD_MANAGER: &str = "kubectl-client-side-apply";

/// The object with its namespace, and the annotation in which kubectl keeps what it last applied:
/// byte for byte kubectl's own, or the next `kubectl apply` would say "configured".
pub fn as_applied(mut object: Value, namespace: Option<&str>) -> serde_json::Result<Value> {
    let metadata = &mut object["metadata"];
    if let Some(namespace) = namespace {
        metadata["namespace"] = namespace.into();
    }
    if !metadata["annotations"].is_object() {
        metadata["annotations"] = json!({});
    }
    let text = serde_json::to_string(&object)?;
    object["metadata"]["annotations"][LAST_APPLIED] = as_go_writes(&text).into();
    Ok(object)
}

/// JSON as Go's encoder writes it: safe inside HTML, and with a newline at the end.
fn as_go_writes(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        match c {
            // Only ever inside strings.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)))
            }
            _ => text.push(c),
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotation_is_what_kubectl_would_write() {
        let object = json!({ "kind": "K", "metadata": { "name": "n" }, "a": "<&>" });
        let applied = as_applied(object, Some("default")).unwrap();
        assert_eq!(
            applied["metadata"]["annotations"][LAST_APPLIED],
            "{\"a\":\"\\u003c\\u0026\\u003e\",\"kind\":\"K\",\"metadata\":{\"annotations\":{},\
             \"name\":\"n\",\"namespace\":\"default\"}}\n"
        );
    }
}
