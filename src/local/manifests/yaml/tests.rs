use super::super::tree::Fields;
use super::*;
use proptest::prelude::*;
use serde_json::json;

fn one(text: &str) -> (Value, Fields) {
    let mut documents = documents(text);
    assert_eq!(documents.len(), 1, "{text}");
    let node = documents.remove(0).unwrap();
    let mut fields = Fields::default();
    (node.flatten("", &mut fields), fields)
}

fn refused(text: &str) -> Unreadable {
    let mut errors = documents(text).into_iter().filter_map(Result::err);
    errors.next().expect(text)
}

#[test]
fn every_value_knows_where_it_stands() {
    let text = "# é\na:\n  b: 1\n  é.x: [u, {v: w}]\n";
    let (value, fields) = one(text);
    assert_eq!(
        value,
        json!({ "a": { "b": 1, "é.x": ["u", { "v": "w" }] } })
    );
    for (path, line, column) in [
        ("a", 2, 1),
        ("a.b", 3, 3),
        ("a[é.x]", 4, 3),
        ("a[é.x][1]", 4, 12),
        ("a[é.x][1].v", 4, 13),
        // What isn't there is where it should be.
        ("a.c", 2, 1),
        ("a[é.x][1].z.y", 4, 12),
    ] {
        assert_eq!(fields.at(path), Some(Position { line, column }), "{path}");
    }
    assert_eq!(fields.at("c"), None);
}

#[test]
fn json_is_yaml() {
    let text = "{\n\t\"a\": [1, -2.5e1, true, null],\n\t\"b\\/c\": \"\\ud83d\\ude00\"\n}\n";
    let (value, fields) = one(text);
    assert_eq!(value, json!({ "a": [1, -25, true, null], "b/c": "😀" }));
    assert_eq!(fields.at("[b/c]"), Some(Position { line: 3, column: 2 }));
}

#[test]
fn merges_and_aliases_are_what_kubectl_makes_of_them() {
    let text = "x: &x {a: 1, b: 2}\np: {<<: *x, b: 3}\nz: {b: 3, <<: *x}\nw: {<<: [*x, {a: 9, c: 4}]}\nv: *x\n";
    let (value, fields) = one(text);
    assert_eq!(value["p"], json!({ "a": 1, "b": 3 }));
    assert_eq!(value["z"], json!({ "a": 1, "b": 2 }));
    assert_eq!(value["w"], json!({ "a": 1, "b": 2, "c": 4 }));
    assert_eq!(value["v"], value["x"]);
    assert!(fields.twice.is_empty());
    // What an alias stands for is changed where it is written out.
    assert_eq!(
        fields.at("v.b"),
        Some(Position {
            line: 1,
            column: 14
        })
    );
}

#[test]
fn a_key_given_twice_is_noted_and_the_last_one_counts() {
    let (value, fields) = one("a: 1\nb: {c: 1, c: 2}\na: 3\nyes: 1\n\"true\": 2\n");
    assert_eq!(value, json!({ "a": 3, "b": { "c": 2 }, "true": 2 }));
    let twice: Vec<_> = fields
        .twice
        .iter()
        .map(|(path, at)| (path.as_str(), at.line))
        .collect();
    assert_eq!(twice, [("a", 3), ("b.c", 2), ("true", 5)]);
}

#[test]
fn a_broken_document_hides_no_other() {
    let text = "a: [1, 2\n---\nb: 1\n---\nc: *nobody\n---\nd: 2\n";
    let read: Vec<_> = documents(text).into_iter().map(|d| d.is_ok()).collect();
    assert_eq!(read, [false, true, false, true]);
}

#[test]
fn what_could_fill_the_memory_is_refused() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (this, before) in ["b", "c", "d", "e", "f", "g"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f"])
    {
        let aliases = vec![format!("*{before}"); 9].join(", ");
        bomb.push_str(&format!("{this}: &{this} [{aliases}]\n"));
    }
    assert!(refused(&bomb).why.contains("by aliases"));
    let deep = format!("a: {}{}\n", "[".repeat(300), "]".repeat(300));
    assert_eq!(refused(&deep).at.line, 1);
    // Deeper with each alias.
    let mut deep = format!("a0: &a0 {}{}\n", "[".repeat(40), "]".repeat(40));
    for level in 1..4 {
        deep.push_str(&format!(
            "a{level}: &a{level} {}*a{}{}\n",
            "[".repeat(40),
            level - 1,
            "]".repeat(40)
        ));
    }
    assert!(refused(&deep).why.contains("levels deep"));
    assert!(refused("a: &a [*a]\n").why.contains("inside"));
}

#[test]
fn what_has_no_json_is_refused_where_it_stands() {
    for (text, line, column) in [
        ("a: 1\n? [b]\n: c\n", 2, 3),
        ("~: 1\n", 1, 1),
        ("a: !!binary aGk=\n", 1, 13),
        ("a:\n  <<: 5\n", 2, 7),
        ("a: b: c\n", 1, 5),
    ] {
        let at = refused(text).at;
        assert_eq!((at.line, at.column), (line, column), "{text}");
    }
}

proptest! {
    #[test]
    fn never_panics(text in "([-a&*!:{}\\[\\]\"', \n#|>?<]|\\PC){0,60}") {
        documents(&text);
    }

    #[test]
    fn json_comes_back(texts in prop::collection::btree_map("\\PC{0,8}", "\\PC{0,8}", 0..5), number in any::<i64>()) {
        let value = json!({ "texts": texts, "number": number, "list": [[], {}, null, true] });
        prop_assert_eq!(&one(&value.to_string()).0, &value);
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(one(&pretty).0, value);
    }
}
