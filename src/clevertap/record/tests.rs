use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::model::profile_data;
use super::*;

fn written(identity: &str, wanted: &[String], properties: &Map<String, Value>) -> (Value, u32) {
    let texts: Vec<_> = wanted
        .iter()
        .map(|name| Some(properties.get(name)?.to_string()))
        .collect();
    let mut out = b"before".to_vec();
    let value = |i: usize| texts[i].as_deref().map(Scalar::parse);
    let (end, dropped) = write(&mut out, identity, wanted, value);
    let record = &out[6..];
    let echoed: String = serde_json::from_slice(&out[6 + START.len()..end]).unwrap();
    assert_eq!(echoed, identity);
    (serde_json::from_slice(record).unwrap(), dropped)
}

fn mapped(properties: Value, wanted: &[&str]) -> (Value, u32) {
    let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
    let (mut record, dropped) = written("u", &wanted, properties.as_object().unwrap());
    (record["profileData"].take(), dropped)
}

#[test]
fn a_record_is_what_the_contract_shows() {
    let properties = json!({"$email": " a@example.com ", "$phone": "+14155550100",
                      "$first_name": "A", "$last_name": " B", "other": 1});
    let wanted = ["$email", "$phone", "$first_name", "$last_name"].map(str::to_owned);
    let (record, dropped) = written("a\"b\u{1}", &wanted, properties.as_object().unwrap());
    let data = json!({"Email": "a@example.com", "Phone": "+14155550100", "Name": "A B"});
    assert_eq!(
        record,
        json!({"type": "profile", "identity": "a\"b\u{1}", "profileData": data})
    );
    assert_eq!(dropped, 0);
    let blank = json!({"$email": null, "$phone": " ", "$first_name": ""});
    assert_eq!(
        mapped(blank, &["$email", "$phone", "$first_name"]),
        (json!({}), 0)
    );
    assert_eq!(
        mapped(json!({"$last_name": "B"}), &["$first_name", "$last_name"]),
        (json!({"Name": "B"}), 0)
    );
}

#[test]
fn what_would_reject_the_record_is_dropped_and_counted() {
    let bad = json!({"$email": "a@b@example.com", "$phone": 14155550100_u64, "list": [1],
                     "map": {}, "long": "x".repeat(513), "$": 1, "$last_name": {}});
    let wanted = ["$email", "$phone", "list", "map", "long", "$", "$last_name"];
    assert_eq!(mapped(bad, &wanted), (json!({}), 7));
    let long = "k".repeat(121);
    assert_eq!(mapped(json!({&long: 1}), &[&long]), (json!({}), 1));
    let good = json!({"$plan": "pro", "n": 1.5, "b": true, "big": "x".repeat(512)});
    let expected = json!({"plan": "pro", "n": 1.5, "b": true, "big": "x".repeat(512)});
    assert_eq!(mapped(good, &["$plan", "n", "b", "big"]), (expected, 0));
}

#[test]
fn of_two_under_one_name_the_first_that_fits_counts() {
    let two = json!({"Email": "no", "$email": "a@example.com", "$Email": "b@example.com"});
    let expected = json!({"Email": "a@example.com"});
    assert_eq!(mapped(two, &["Email", "$email", "$Email"]), (expected, 1));
    let names = json!({"Name": "own", "$first_name": "first"});
    assert_eq!(
        mapped(names, &["Name", "$first_name"]),
        (json!({"Name": "first"}), 0)
    );
    let long = json!({"Name": "own", "$first_name": "x".repeat(513)});
    assert_eq!(
        mapped(long, &["Name", "$first_name"]),
        (json!({"Name": "own"}), 1)
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!([1])),
        Just(json!(1.5)),
        "[ a\"\\\\\n]{0,3}".prop_map(Value::from),
        "\\PC{0,600}".prop_map(Value::from),
        Just(json!("+14155550100")),
        "[a. ]{1,3}@[a.-]{1,4}\\.example".prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn limits_hold_for_any_property(name in "\\$?\\PC{0,130}", value in "\\PC{0,600}") {
        let (data, dropped) = mapped(json!({&name: value.clone()}), &[&name]);
        let data = data.as_object().unwrap();
        for (key, value) in data {
            prop_assert!(!key.is_empty() && key.len() <= KEY);
            prop_assert!(value.as_str().is_some_and(|text| text.len() <= VALUE));
        }
        prop_assert_eq!(data.len() + dropped as usize, usize::from(!value.trim().is_empty()));
    }

    /// The rules are those of the tree of JSON.
    #[test]
    fn it_agrees_with_the_mapping_of_trees(
        identity in "\\PC{0,20}",
        pairs in prop::collection::vec(
            ("\\$?(email|phone|first_name|last_name|Name|Email|plan|a\"b|k{119,122})?", any_value()), 0..8),
    ) {
        let mut wanted: Vec<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
        wanted.push("absent".into());
        let properties: Map<String, Value> = pairs.into_iter().collect();
        let (mut record, dropped) = written(&identity, &wanted, &properties);
        let (data, expected) = profile_data(&properties, &wanted);
        prop_assert_eq!(record["profileData"].take(), Value::Object(data));
        prop_assert_eq!(dropped, expected);
        prop_assert_eq!(record["identity"].as_str(), Some(&*identity));
    }
}
