//! Manifests as objects.

use serde::Deserialize as _;
use serde_json::Value;

/// The objects of a YAML stream.
pub fn objects(yaml: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(yaml);
    let objects = documents.map(|document| Value::deserialize(document).expect("YAML"));
    objects.filter(|object| !object.is_null()).collect()
}

/// Those of a kind.
pub fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects
        .iter()
        .filter(|object| object["kind"] == kind)
        .collect()
}

/// The only one of a kind.
pub fn only<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let [object] = of_kind(objects, kind)[..] else {
        panic!("not one {kind}: {objects:#?}");
    };
    object
}

/// The strings of a list; none where there is no list.
pub fn strings(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The only container of the Deployment.
pub fn container(objects: &[Value]) -> &Value {
    &only(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
}
