use super::*;
use secrecy::ExposeSecret;
use std::fs;

const ALL: &str = "kind: Kustomization
---
apiVersion: v1
kind: List
items:
- apiVersion: mixtap.dev/v1alpha1
  kind: CohortExport
  metadata: { name: a, namespace: growth }
  spec: { connectorRef: { name: c }, cohort: { id: 1 }, cohort: { id: 2 }, syncType: OneTime }
- apiVersion: v1
  kind: Secret
  metadata: { name: s }
  data:
    user: Y2FuYXJ5Cg==
    broken: canary!
  stringData: { user: canary-2, two: \"canary\\nlines\" }
---
- just a list
---
apiVersion: mixtap.dev/v1
kind: CleverTapConnector
";

fn reading(text: &str) -> Reading {
    read(&["-".into()], &mut text.as_bytes())
}

#[test]
fn finds_our_kinds_and_secrets_wherever_they_are() {
    let read = reading(ALL);
    let names: Vec<_> = read.documents.iter().map(Document::to_string).collect();
    assert_eq!(names, ["cohortexport/a", "clevertapconnector/?"]);
    assert!(read.faults.is_empty());

    let export = &read.documents[0];
    assert_eq!(export.namespace(), "growth");
    let at = |path| (export.at(path).line, export.at(path).column);
    assert_eq!(at(""), (6, 3));
    assert_eq!(at("spec.cohort.id"), (9, 67));
    assert_eq!(at("spec.interval"), (9, 3));
    let twice: Vec<_> = export.twice().collect();
    assert_eq!(
        twice,
        [(
            "spec.cohort",
            Position {
                line: 9,
                column: 57
            }
        )]
    );
    assert_eq!(read.documents[1].twice().count(), 0);
}

#[test]
fn a_secret_gives_its_values_to_those_only_who_ask() {
    let read = reading(ALL);
    let secret = Secret::find(&read.secrets, NAMESPACE, "s").unwrap();
    assert_eq!(secret.line("user").unwrap().expose_secret(), "canary-2");
    assert!(secret.has("two") && secret.line("two").is_none());
    assert_eq!(secret.unreadable, ["data.broken"]);
    assert!(Secret::find(&read.secrets, "growth", "s").is_none());
    let shown = format!("{read:?} {:?}", secret.document.value);
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn objects_are_had_only_where_all_is_well() {
    let faults = reading(ALL).objects().unwrap_err();
    let told: Vec<_> = faults.iter().map(Fault::to_string).collect();
    assert_eq!(
        told,
        ["<stdin>:20:1: clevertapconnector/? must be valid: `mixtap check` says where it isn't"]
    );
    let (well, _) = ALL.rsplit_once("---").unwrap();
    let objects = reading(&well.replace(", namespace: growth", ""))
        .objects()
        .unwrap();
    assert_eq!((objects.exports.len(), objects.secrets.len()), (1, 1));
    let metadata = &objects.exports[0].metadata;
    assert_eq!(metadata.namespace.as_deref(), Some("default"));
}

#[test]
fn folders_are_read_in_order_and_each_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for inner in ["a", ".git"] {
        fs::create_dir(path(inner)).unwrap();
    }
    let export = |name: &str| format!("kind: CohortExport\nmetadata: {{name: {name}}}\n");
    for (file, name) in [
        ("b.yml", "second"),
        ("a/z.json", "first"),
        ("c.yaml", "third"),
        ("d.txt", "other"),
        (".hidden.yaml", "other"),
        (".git/e.yaml", "other"),
    ] {
        fs::write(path(file), export(name)).unwrap();
    }
    // Neither of them is ours, unless it says so.
    fs::write(path("template.yaml"), "name: {{ .Values.name }}\n").unwrap();
    fs::write(path("latin1.yaml"), b"\xe9").unwrap();
    fs::write(
        path("ours.yaml"),
        "apiVersion: mixtap.dev/v1alpha1\nkind: {{ kind }}\n",
    )
    .unwrap();
    fs::write(
        path("ours-latin1.yaml"),
        b"apiVersion: mixtap.dev/v1alpha1 # \xe9",
    )
    .unwrap();
    std::os::unix::fs::symlink(folder.path(), path("a/round")).unwrap();
    std::os::unix::fs::symlink(path("d.txt"), path("linked.yaml")).unwrap();
    let paths = [folder.path().to_owned(), path("c.yaml"), path("gone")];
    let read = read(&paths, &mut std::io::empty());
    let names: Vec<_> = read.documents.iter().map(Document::name).collect();
    assert_eq!(names, ["first", "second", "third", "other"]);
    let faults = read.faults.iter().map(|fault| {
        let (_, file) = fault.file.rsplit_once('/').unwrap();
        (file, fault.at.map(|at| at.line), fault.why.as_str())
    });
    let gone = "must be a file or a folder: it isn't there";
    let key = "must be text: it is a key";
    let wanted = [
        ("ours-latin1.yaml", None, "must be UTF-8 text"),
        ("ours.yaml", Some(2), key),
        ("gone", None, gone),
    ];
    assert_eq!(faults.collect::<Vec<_>>(), wanted);
}
