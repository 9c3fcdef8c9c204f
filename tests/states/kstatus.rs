//! kstatus itself, over every recorded state.

use std::io::{self, Write as _};
use std::process::Command;

use mixtap::api::conditions::READY;
use mixtap::sandbox::programs::{Source, Tool};

use crate::corpus::{KINDS, State, condition, states};
use crate::{page, plane};

const KSTATUS: Tool = Tool {
    name: "kstatus",
    version: "v0.37.2",
    source: Source::Files(&[
        ("main.go", include_str!("../programs/kstatus/main.go")),
        ("go.mod", include_str!("../programs/kstatus/go.mod")),
        ("go.sum", include_str!("../programs/kstatus/go.sum")),
    ]),
    takes: "half a minute",
};

#[tokio::test]
async fn kstatus_decides_as_documented() {
    let say = |line: &str| {
        let _ = writeln!(io::stderr(), "kstatus: {line}");
    };
    let program = match KSTATUS.find(&say).await {
        Ok(program) => program,
        Err(error) => {
            plane::skip(&error.to_string());
            return;
        }
    };
    let states: Vec<State> = KINDS.iter().flat_map(|kind| states(kind)).collect();
    let files = states.iter().map(|state| &state.path);
    let output = Command::new(program).args(files).output().expect("kstatus");
    let (said, error) = (output.stdout, output.stderr);
    let said = String::from_utf8(said).expect("UTF-8");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&error)
    );
    assert_eq!(said.lines().count(), states.len());
    for (line, State { path, object, .. }) in said.lines().zip(&states) {
        let [file, status, message] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        assert_eq!(file, path.to_str().unwrap());
        assert_eq!(status, page::kstatus(object), "{line}");
        // A person reads there what to do.
        if status == "Failed" {
            assert_eq!(message, condition(object, READY).unwrap()["message"]);
        }
    }
}
