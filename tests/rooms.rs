//! Dependencies point inward. This test reads the paths in the sources, those into our own modules
//! and into the crates of Cargo.toml, and fails where a room reaches for what isn't its own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};

/// Of each room: the others that it may use, and the only crates (+) or all but these (-).
const ROOMS: &str = "
lib        |                                                                         | +
main       | cli cluster sandbox controller local telemetry config crdgen domain     | - kube
bin        | plugin                                                                  | - kube
cli        | sandbox controller local export state telemetry config crdgen domain api | - kube
sandbox    | cli controller export state telemetry config crdgen domain api          | -
plugin     | cli cluster controller page export mixpanel state http config domain api | -
cluster    | controller local page export config domain api                          | -
controller | page export mixpanel clevertap state http telemetry config crdgen domain api | -
local      | export mixpanel clevertap state http telemetry config crdgen domain api | - kube
page       | state telemetry config domain api                                       | - kube k8s_openapi
export     | mixpanel clevertap state http telemetry domain api                      | - kube k8s_openapi
mixpanel   | http telemetry domain api                                               | - kube k8s_openapi
clevertap  | http telemetry domain api                                               | - kube k8s_openapi
state      | http telemetry domain api                                               | - kube k8s_openapi
http       | telemetry domain api                                                    | - kube k8s_openapi
telemetry  | config domain api                                                       | - kube k8s_openapi
config     | telemetry domain api                                                    | - kube k8s_openapi
domain     | api                                    | + blake3 jiff k8s_openapi serde serde_json thiserror url
crdgen     | api                                    | + k8s_openapi kube serde_json serde_yaml
api        |                                        | + jiff k8s_openapi kube schemars serde serde_json
";

/// Parts of std that reach out of the process: not for `domain`.
const OUTSIDE: &str = "env fs io net os process thread";

/// Each as `file: code`.
const BREACHES: &str = "
mixpanel: use crate::clevertap::Client;
mixpanel/engage.rs: use super::super::clevertap;
mixpanel: use super::{domain, clevertap::{Client, profiles}};
clevertap: use crate::{domain::Reason, mixpanel};
clevertap: fn f() -> crate::export::Run {}
export/spool.rs: use kube::Client;
export: use k8s_openapi::api::core::v1::Secret;
http: use {std::time::Duration, kube as k};
domain: fn f() { std::fs::read(p) }
domain/plan.rs: use std::{fmt, net::IpAddr};
domain: use tokio::time;
api: use crate::domain::Plan;
cli: use ::kube::Client;
cli: fn f(a: ::kube::Client) {}
controller: use crate::sandbox::demo;
main: use mixtap::mixpanel::Client;
newroom: use std::fmt;
page: use crate::mixpanel::Budgets;
controller: use crate::plugin::main;
plugin: use crate::clevertap::CleverTap;
page/view.rs: use kube::Client;
";
const NONE: &str = r#"
mixpanel: /* as crate::clevertap does */ use crate::{http, domain::Reason};
mixpanel/engage.rs: use super::{Client, clevertap};
domain: const A: &str = "kube::Client"; fn f() { x.kube() }
domain: #[cfg(test)] mod tests { use tokio::time; }
controller: use kube::Client; use crate::export::run;
export: use std::fs; fn f() { let kube = 1; kube + 1 }
"#;

fn lists(names: &str, name: &str) -> bool {
    names.split(' ').any(|n| n == name)
}

#[test]
fn dependencies_point_inward() {
    let crates = crates();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&src);
    assert!(files.len() > 20, "only {} files were found", files.len());
    let breaches = files.iter().flat_map(|file| {
        let module = module(file.strip_prefix(&src).unwrap());
        let breaches = check(&module, &fs::read_to_string(file).unwrap(), &crates);
        breaches
            .into_iter()
            .map(|breach| format!("{}: {breach}", file.display()))
    });
    let breaches: Vec<_> = breaches.collect();
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn a_breach_is_seen_however_it_is_written() {
    let found = |line: &str| {
        let (file, code) = line.split_once(": ").unwrap();
        check(&module(Path::new(file)), code, &crates())
    };
    for line in BREACHES.trim().lines() {
        assert!(!found(line).is_empty(), "{line}");
    }
    for line in NONE.trim().lines() {
        assert_eq!(found(line), Vec::<String>::new(), "{line}");
    }
}

/// What this module may not use, but does.
fn check(module: &[String], text: &str, crates: &[String]) -> Vec<String> {
    let room = module.first().map_or("lib", String::as_str);
    let table = ROOMS.trim().lines().map(|row| {
        let cells = row.split('|').map(str::trim);
        cells.collect::<Vec<_>>()
    });
    let table: Vec<_> = table.collect();
    let Some(row) = table.iter().find(|row| row[0] == room) else {
        return vec![format!("{room} isn't a room of the house")];
    };
    let breach = |path: &Vec<String>| {
        let second = path.get(1).map(String::as_str).unwrap_or_default();
        match path[0].as_str() {
            "crate" | "mixtap" => {
                let known = table.iter().any(|row| row[0] == second);
                known && second != room && !lists(row[1], second)
            }
            "std" => room == "domain" && lists(OUTSIDE, second),
            first if !crates.iter().any(|name| name == first) => false,
            first => lists(row[2], first) != row[2].starts_with('+'),
        }
    };
    let mut paths = Vec::new();
    find_paths(text.parse().expect("Rust"), &mut paths);
    let paths = paths.into_iter().map(|path| from_root(module, &path));
    let breaches = paths
        .filter(breach)
        .map(|path| format!("{room} uses {}", path.join("::")));
    breaches.collect()
}

/// Every path in the code but for unit tests: those may use the stand-ins.
fn find_paths(code: TokenStream, paths: &mut Vec<Vec<String>>) {
    let trees: Vec<_> = code.into_iter().collect();
    let is = |at: usize, text: &str| trees.get(at).is_some_and(|tree| tree.to_string() == text);
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        if is(at, "#") && is(at + 1, "[cfg (test)]") && is(at + 2, "mod") {
            at += 5;
        } else if is(at, "use") {
            at = read_path(&[], &trees, at + 1, paths);
        } else if matches!(tree, TokenTree::Ident(_)) && is(at + 1, ":") && is(at + 2, ":") {
            at = read_path(&[], &trees, at, paths);
        } else {
            if let TokenTree::Group(group) = tree {
                find_paths(group.stream(), paths);
            }
            at += 1;
        }
    }
}

/// Reads the path that begins here below `prefix`, its groups spread out; says where it ends.
fn read_path(
    prefix: &[String],
    trees: &[TokenTree],
    mut at: usize,
    paths: &mut Vec<Vec<String>>,
) -> usize {
    let colon =
        |at: usize| matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
    let mut path = prefix.to_vec();
    loop {
        if colon(at) && colon(at + 1) {
            at += 2;
        }
        match trees.get(at) {
            Some(TokenTree::Ident(part)) => path.push(part.to_string()),
            Some(TokenTree::Group(group)) => {
                let trees: Vec<_> = group.stream().into_iter().collect();
                for item in trees.split(|tree| tree.to_string() == ",") {
                    read_path(&path, item, 0, paths);
                }
                return at + 1;
            }
            _ => break,
        }
        at += 1;
        if !(colon(at) && colon(at + 1)) {
            break;
        }
    }
    if path.len() > prefix.len() {
        paths.push(path);
    }
    at
}

/// A path from the crate's root, with `self` and `super` resolved.
fn from_root(module: &[String], path: &[String]) -> Vec<String> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    let selfs = usize::from(path[0] == "self");
    if supers + selfs == 0 {
        return path.to_vec();
    }
    let kept = module.len().saturating_sub(supers);
    let root = ["crate".to_owned()];
    [&root, &module[..kept], &path[supers + selfs..]].concat()
}

/// The module of a file below `src`.
fn module(file: &Path) -> Vec<String> {
    let path = file.with_extension("");
    let parts = path.iter().map(|part| part.to_str().unwrap().to_owned());
    parts
        .filter(|part| part != "mod" && part != "lib")
        .collect()
}

/// Every source in a folder, however deep.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let found = entries.flat_map(|entry| match entry.unwrap().path() {
        path if path.is_dir() => sources(&path),
        path => vec![path],
    });
    found
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .filter(|path| path.file_name().is_some_and(|name| name != "tests.rs"))
        .collect()
}

/// The crates that Cargo.toml names, as code spells them.
fn crates() -> Vec<String> {
    let manifest = include_str!("../Cargo.toml");
    let sections = manifest.split("\n[");
    let section = sections.filter(|s| s.starts_with("dependencies]")).last();
    let lines = section.expect("dependencies").lines();
    let names = lines.filter_map(|line| line.split_once(" = ").map(|(name, _)| name));
    names.map(|name| name.replace('-', "_")).collect()
}
