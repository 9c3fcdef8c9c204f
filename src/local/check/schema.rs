//! A value against its schema, by the keywords that our CRDs use and with the API server's meaning
//! of them.

use serde_json::{Map, Value};

use super::finding::{By, Findings};
use super::pattern;
use crate::local::manifests::below;

/// Notes everything in `value`, which stands at `path`, that the schema doesn't permit.
pub fn look(schema: &Value, value: &Value, path: &str, found: &mut Findings) {
    let wanted = schema["type"].as_str().unwrap_or_default();
    if !is(wanted, value) {
        return found.add(By::Schema, path, kind(wanted, value));
    }
    match value {
        Value::Object(fields) => object(schema, fields, path, found),
        Value::Array(items) => list(schema, items, path, found),
        Value::String(text) => string(schema, text, path, found),
        Value::Number(number) => {
            let range = (&schema["minimum"], &schema["maximum"]);
            let (least, most) = (range.0.as_f64(), range.1.as_f64());
            let number = number.as_f64().unwrap_or_default();
            let low = least.is_some_and(|least| number < least);
            if low || most.is_some_and(|most| number > most) {
                found.add(By::Schema, path, span(least, most, ""));
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => true,
    }
}

fn kind(wanted: &str, value: &Value) -> String {
    let wanted = match wanted {
        "object" => "an object of fields",
        "array" => "a list",
        "string" => "text",
        "boolean" => "true or false",
        _ => "a whole number",
    };
    let hint = match value {
        Value::Bool(_) | Value::Number(_) if wanted == "text" => ": put it in quotes",
        Value::String(_) if wanted != "an object of fields" && wanted != "a list" => {
            ", without quotes"
        }
        _ => "",
    };
    format!("must be {wanted}{hint}")
}

fn object(schema: &Value, fields: &Map<String, Value>, path: &str, found: &mut Findings) {
    let known = schema["properties"].as_object();
    for (name, value) in fields {
        let path = below(path, name);
        let property = known.and_then(|known| known.get(name));
        match property {
            // As if it weren't there.
            Some(_) if value.is_null() => {}
            Some(property) => look(property, value, &path, found),
            None if schema["additionalProperties"].is_object() => {
                look(&schema["additionalProperties"], value, &path, found);
            }
            None => {}
        }
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        let defaulted = schema["properties"][name].get("default").is_some();
        if fields.get(name).is_none_or(Value::is_null) && !defaulted {
            found.add(By::Schema, &below(path, name), "must be set");
        }
    }
}

/// Notes the fields that the schema doesn't have.
pub fn unknown(schema: &Value, value: &Value, path: &str, found: &mut Findings) {
    let known = schema["properties"].as_object();
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = below(path, name);
        match known.and_then(|known| known.get(name)) {
            Some(property) => unknown(property, value, &path, found),
            None if schema.get("additionalProperties").is_some() => {}
            // What is no object at all is told as such.
            None if schema["type"] != "object" => {}
            None => found.add(By::Schema, &path, like(name, known)),
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        unknown(&schema["items"], item, &format!("{path}[{index}]"), found);
    }
}

fn like(name: &str, known: Option<&Map<String, Value>>) -> String {
    let likeness =
        |field: &&String| strsim::jaro_winkler(&name.to_lowercase(), &field.to_lowercase());
    let fields = known.into_iter().flat_map(|known| known.keys());
    let nearest = fields.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest.filter(|field| likeness(field) > 0.85) {
        Some(field) => format!("must be a field that there is, such as {field}"),
        None => "must be a field that there is".to_owned(),
    }
}

fn list(schema: &Value, items: &[Value], path: &str, found: &mut Findings) {
    let most = schema["maxItems"].as_u64();
    if most.is_some_and(|most| items.len() as u64 > most) {
        found.add(
            By::Schema,
            path,
            span(None, schema["maxItems"].as_f64(), " values"),
        );
    }
    for (index, item) in items.iter().enumerate() {
        look(&schema["items"], item, &format!("{path}[{index}]"), found);
    }
}

fn string(schema: &Value, text: &str, path: &str, found: &mut Findings) {
    if let Some(values) = schema["enum"].as_array() {
        if !values.contains(&text.into()) {
            let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
            found.add(
                By::Schema,
                path,
                format!("must be one of {}", values.join(", ")),
            );
        }
        return;
    }
    let (least, most) = (schema["minLength"].as_u64(), schema["maxLength"].as_u64());
    let length = text.chars().count() as u64;
    let short = least.is_some_and(|least| length < least);
    if short || most.is_some_and(|most| length > most) {
        let (least, most) = (schema["minLength"].as_f64(), schema["maxLength"].as_f64());
        found.add(By::Schema, path, span(least, most, " characters"));
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && !pattern::fits(pattern, text)
    {
        found.add(By::Schema, path, format!("must match {pattern}"));
    }
}

fn span(least: Option<f64>, most: Option<f64>, unit: &str) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!("must be from {least} to {most}{unit}"),
        (Some(least), None) => format!("must be at least {least}{unit}"),
        (None, Some(most)) => format!("must be at most {most}{unit}"),
        (None, None) => String::new(),
    }
}
