use std::borrow::Cow;
use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::super::fuzz::{Plain, read};
use super::*;
use crate::domain::scalar::{Scalar, is_integer};

fn wanted() -> Vec<String> {
    ["a", "é\"", "$email"].map(str::to_owned).into()
}

fn whole(body: &str) -> Result<(Facts, Vec<Plain>), NoPage> {
    read([body.as_bytes()], &wanted())
}

/// A page as a plain tree, read at once: what the reader has to agree with.
#[derive(Deserialize)]
struct Tree<'a> {
    page: Option<u64>,
    page_size: Option<u64>,
    session_id: Option<String>,
    total: Option<u64>,
    error: Option<Value>,
    #[serde(borrow)]
    results: Option<Vec<Row<'a>>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(rename = "$distinct_id", borrow)]
    id: Option<&'a RawValue>,
    #[serde(rename = "$properties", borrow)]
    properties: Option<HashMap<Cow<'a, str>, &'a RawValue>>,
}

fn model(body: &[u8]) -> Option<(Facts, Vec<Plain>)> {
    let tree: Tree<'_> = serde_json::from_slice(body).ok()?;
    let results = tree.results.filter(|_| tree.error.is_none())?;
    let facts = Facts {
        number: tree.page,
        size: tree.page_size,
        session: tree.session_id,
        total: tree.total,
        rows: results.len() as u64,
    };
    let rows = results.into_iter().zip(100..).map(|(row, number)| {
        let id = match Scalar::parse(row.id?.get()) {
            Scalar::Text(text) if !text.is_empty() => text.into_owned(),
            Scalar::Number(digits) if is_integer(digits) => digits.to_owned(),
            _ => return None,
        };
        let given = row.properties.unwrap_or_default();
        let raw = |name: String| given.get(name.as_str()).map(|raw| raw.get().to_owned());
        Some((number, id, wanted().into_iter().map(raw).collect()))
    });
    Some((facts, rows.collect::<Option<_>>()?))
}

/// Text between brackets, its items in any order and with any white space.
fn within(
    brackets: [&'static str; 2],
    items: impl Strategy<Value = Vec<String>>,
) -> impl Strategy<Value = String> {
    let space = prop::sample::select(vec!["", " ", "\n\t", "\r"]);
    (items.prop_shuffle(), space).prop_map(move |(items, space)| {
        let items = items.join(&format!("{space},{space}"));
        let [open, close] = brackets;
        format!("{open}{space}{items}{space}{close}")
    })
}

fn value() -> impl Strategy<Value = String> {
    let text = "[ a{}\\[\\],:\"\\\\é\u{1f980}\n]{0,9}".prop_map(|text| json(&text));
    let plain = prop::sample::select(vec![
        r#""\u00e9\ud83e\udd80\"""#,
        r#""\ud800""#,
        "null",
        "true",
        "0",
        "-12",
        "-0",
        "1.5e3",
        "1e999",
        "9007199254740993",
        "123456789012345678901234567890",
        r#""""#,
    ]);
    prop_oneof![text, plain.prop_map(str::to_owned)].prop_recursive(3, 12, 4, |inner| {
        let pair = (name(), inner.clone()).prop_map(|(name, value)| format!("{name}: {value}"));
        prop_oneof![
            within(["[", "]"], prop::collection::vec(inner, 0..4)),
            within(["{", "}"], prop::collection::vec(pair, 0..4)),
        ]
    })
}

fn json(text: &str) -> String {
    Value::from(text).to_string()
}

fn name() -> impl Strategy<Value = String> {
    let names = [
        r#""a""#,
        r#""\u0061""#,
        r#""é\"""#,
        r#""$email""#,
        r#""results""#,
        r#""$distinct_id""#,
        r#""}""#,
    ];
    prop::sample::select(names.to_vec()).prop_map(str::to_owned)
}

fn row() -> impl Strategy<Value = String> {
    let pair = (name(), value()).prop_map(|(name, value)| format!("{name}:{value}"));
    let properties = within(["{", "}"], prop::collection::vec(pair, 0..6));
    let properties = prop_oneof![9 => properties, 1 => Just("null".to_owned())];
    let id = prop_oneof![
        9 => prop::sample::select(vec!["\"u\\n1\"", "\"ü\"", "7", "-0", "99999999999999999999"])
            .prop_map(str::to_owned),
        1 => value(),
    ];
    let items = (id, properties, value()).prop_map(|(id, properties, other)| {
        vec![
            format!("\"$distinct_id\" :{id}"),
            format!("\"$\\u0070roperties\": {properties}"),
            format!("\"other\":{other}"),
        ]
    });
    within(["{", "}"], items)
}

fn page() -> impl Strategy<Value = String> {
    let rows = within(["[", "]"], prop::collection::vec(row(), 0..5));
    let rows = prop_oneof![9 => rows, 1 => value()];
    let results = prop::sample::select(vec!["\"results\"", "\"res\\u0075lts\" "]);
    let rest = prop::sample::subsequence(
        vec![
            "\"page\":0",
            "\"page_size\": 1000",
            "\"session_id\":\"s-\\\"1\"",
            "\"total\":3",
            "\"error\":null",
            "\"error\":\"no\"",
            "\"status\":{\"results\":[{}]}",
            "\"ok\":\"results\"",
            "\"results\":[]",
        ],
        0..6,
    );
    let items = (rows, results, rest).prop_map(|(rows, results, rest)| {
        let rest = rest.into_iter().map(str::to_owned);
        rest.chain([format!("{results}:{rows}")]).collect()
    });
    within(["{", "}"], items)
}

/// A page, some of them damaged, and where it is cut.
fn bytes() -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    let damage = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    let damage = prop::option::weighted(0.4, damage);
    let cuts = prop::collection::vec(1..30_usize, 1..9);
    (page(), damage, cuts).prop_map(|(page, damage, cuts)| {
        let mut bytes = page.into_bytes();
        if let Some((at, byte, kind)) = damage {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes.truncate(at),
                1 => bytes[at] = byte,
                _ => bytes.insert(at, b"{}[],:\"\\ 1"[usize::from(byte) % 10]),
            }
        }
        (bytes, cuts)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn a_page_has_the_rows_of_its_tree_however_it_arrives((body, cuts) in bytes()) {
        let at_once = read([&body[..]], &wanted());
        let expected = model(&body);
        prop_assert_eq!(at_once.as_ref().ok(), expected.as_ref());
        let (mut rest, mut cuts) = (&body[..], cuts.iter().cycle());
        let parts = std::iter::from_fn(|| {
            let (part, tail) = rest.split_at((*cuts.next()?).min(rest.len()));
            rest = tail;
            (!part.is_empty()).then_some(part)
        });
        prop_assert_eq!(read(parts, &wanted()), at_once);
    }
}

#[test]
fn ids_become_text_and_wanted_properties_stay_as_they_are_written() {
    let (facts, rows) = whole(
        r#" {"results":[{"$distinct_id":"ü\n1","$properties":{"$email":[1, {"c":null}],"b":1,"a":"x"}},
           {"$distinct_id":12345678901234567890123}, {"$properties":{"a":1,"a":2},"$distinct_id":-7}],
           "page":4,"page_size":3,"session_id":"s","total":9}"#,
    )
    .unwrap();
    let some = |json: &str| Some(json.to_owned());
    let expected = [
        (
            100,
            "ü\n1",
            [some("\"x\""), None, some("[1, {\"c\":null}]")],
        ),
        (101, "12345678901234567890123", [None, None, None]),
        (102, "-7", [some("2"), None, None]),
    ];
    let expected = expected.map(|(number, id, raws)| (number, id.to_owned(), raws.into()));
    assert_eq!(rows, expected);
    let said = Facts {
        number: Some(4),
        size: Some(3),
        session: Some("s".into()),
        total: Some(9),
        rows: 3,
    };
    assert_eq!(facts, said);
}

#[test]
fn what_is_no_page_is_told_apart() {
    let no_page = |body: &str| whole(body).unwrap_err();
    let error = |text: &str| NoPage::Error(text.into());
    assert_eq!(no_page(r#"{"error":"gone"}"#), error("gone"));
    assert_eq!(no_page(r#"{"results":[],"error":{"a":1}}"#), error(""));
    for none in ["{}", r#"{"results":null}"#, r#"{"a":{"results":[]}}"#] {
        assert_eq!(no_page(none), NoPage::NoResults, "{none}");
    }
    for id in ["null", "\"\"", "1.5", "true", "[]"] {
        let body = format!(r#"{{"results":[{{"$distinct_id":{id}}}]}}"#);
        assert_eq!(no_page(&body), NoPage::NoId, "{id}");
    }
    let row = r#"{"$distinct_id":1}"#;
    for garbled in [
        "".to_owned(),
        "[0,null,null,1,null,[]]".to_owned(),
        format!("{{\"results\":[{row}]"),
        format!("{{\"results\":[{row}]}} x"),
        format!("{{\"results\":[{row}],\"results\":[{row}]}}"),
        format!("{{\"results\":[{row},]}}"),
        format!("{{\"results\":[{row}{row}]}}"),
        format!("{{\"results\":[,{row}]}}"),
        format!("{{\"results\":[{row},1]}}"),
        format!("{{\"results\":[{row},[\"u\",null]]}}"),
        format!("{{\"results\":[{{\"$properties\":[],{}]}}", &row[1..]),
        format!("{{\"results\":[{{\"$distinct_id\":1,{}]}}", &row[1..]),
        format!("{{\"results\":[{row}],\"total\":-1}}"),
        "{\"results\":{}}".to_owned(),
    ] {
        assert_eq!(no_page(&garbled), NoPage::Garbled, "{garbled}");
    }
}

#[test]
fn a_part_that_is_too_large_ends_the_page() {
    let long = |length: usize| "x".repeat(length);
    let row = |length| format!(r#"{{"results":[{{"$distinct_id":"{}"}}]}}"#, long(length));
    assert_eq!(whole(&row((1 << 20) - 20)).unwrap().1.len(), 1);
    let large = NoPage::Large("a row", 1 << 20);
    assert_eq!(whole(&row((1 << 20) - 10)).unwrap_err(), large);
    let unended = format!("{{\"results\":[{{\"{}", long(1 << 20));
    let parts = unended.as_bytes().chunks(1 << 14);
    assert_eq!(read(parts, &[]).unwrap_err(), large);
    let rest = format!(r#"{{"results":[],"status":"{}"}}"#, long(1 << 16));
    let large = NoPage::Large("a page without its rows", 1 << 16);
    assert_eq!(whole(&rest).unwrap_err(), large);
}
