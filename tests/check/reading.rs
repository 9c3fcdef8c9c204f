//! Values are read as kubectl reads them.

use std::io::Write;
use std::process::{Command, Stdio};

use mixtap::local::manifests;
use serde_json::Value;

use crate::plane;

const MANIFEST: &str = "apiVersion: mixtap.dev/v1alpha1
kind: CohortExport
metadata: { name: a }
spec:
  bools: [yes, Yes, YES, yEs, no, on, off, y, n, true, TRUE, tRUE, \"yes\", 'no']
  nulls: [~, null, Null, nULL, !!null '', '']
  whole: [0, -0, 007, 0777, 089, 0o17, 0x1F, 0b101, -0b11, +5, 1_000, -_5, 18446744073709551615]
  floats: [1.0, 1e3, 1E-3, .5, 5., -.5, 1.5e300, 99999999999999999999, 12345678901234567, 0.1]
  text: [1:30, 2020-01-01, 2001-12-14t21:59:43.10-05:00, 1.2.3, 0x, 0b2, --5, 15m, +, 1e400, _1]
  tagged: [!!str 5, !!int \"5\", !!float 5, !!bool \"yes\", !local 5, ! 5]
  keys: { yes: a, 5: b, 007: c, 1_0: d, 1.5: e }
  first: &first { a: 1, b: 2 }
  merged: { a: 0, <<: *first, b: 3 }
  several: { <<: [*first, { a: 9, c: 4 }] }
  alias: *first
  plain: a
    b

    c
  folded: >
    a
    b

    c
  literal: |+
    a
     b

  quoted: \"\\u00e9\\U0001F600\\t\\x41 \\
    joined\"
  single: 'it''s'
  flow: [ { a: b, c: }, [ ], { } ]
  # a comment
  'odd key': \"#not a comment\" # one
";

#[test]
fn values_are_what_kubectl_makes_of_them() {
    let kubectl = Command::new("kubectl")
        .args(["annotate", "--local", "-f", "-", "a=b", "-o", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut kubectl = match kubectl {
        Ok(kubectl) => kubectl,
        Err(error) => {
            plane::skip(&format!("kubectl can't be run: {error}"));
            return;
        }
    };
    let mut stdin = kubectl.stdin.take().unwrap();
    stdin.write_all(MANIFEST.as_bytes()).unwrap();
    drop(stdin);
    let done = kubectl.wait_with_output().unwrap();
    let theirs: Value = serde_json::from_slice(&done.stdout).unwrap();

    let reading = manifests::read(&["-".into()], &mut MANIFEST.as_bytes());
    let [document] = reading.documents.as_slice() else {
        panic!("{reading:?}");
    };
    for (field, ours) in document.value["spec"].as_object().unwrap() {
        assert_eq!(*ours, theirs["spec"][field], "{field}");
    }
}
