//! `examples/quickstart/`, part of the program, and pointed at the stand-ins.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use k8s_openapi::{ByteString, api::core::v1::Secret};
use serde_json::{Value, json};

use super::{DemoError, hints, world};
use crate::sandbox::{Sandbox, Urls};

/// Names and texts, in the order in which they make sense.
pub const EXAMPLES: [(&str, &str); 4] = [
    (
        "secret.yaml",
        include_str!("../../../examples/quickstart/secret.yaml"),
    ),
    (
        "connector.yaml",
        include_str!("../../../examples/quickstart/connector.yaml"),
    ),
    (
        "one-time.yaml",
        include_str!("../../../examples/quickstart/one-time.yaml"),
    ),
    (
        "dynamic.yaml",
        include_str!("../../../examples/quickstart/dynamic.yaml"),
    ),
];

/// What the examples' Secret holds.
pub struct Credentials {
    pub passcode: String,
    pub username: String,
    pub secret: String,
}

/// The example Secret's values.
pub fn credentials() -> Result<Credentials, DemoError> {
    let [(_, secret), ..] = EXAMPLES;
    let secret: Secret = serde_yaml::from_str(secret)?;
    let value = |key: &str| {
        let found = secret.data.as_ref().and_then(|data| data.get(key));
        let ByteString(bytes) = found.cloned().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(Credentials {
        passcode: value("passcode"),
        username: value("username"),
        secret: value("secret"),
    })
}

/// A connector's `spec.endpoints`.
pub fn endpoints(urls: &Urls) -> Value {
    json!({
        "mixpanel": urls.mixpanel.as_str(),
        "clevertap": urls.clevertap.as_str(),
    })
}

/// Fills the vendors, writes the examples into the folder, and says what to do with them.
pub fn write_examples(sandbox: &Sandbox, folder: &Path) -> io::Result<String> {
    let credentials = credentials().map_err(io::Error::other)?;
    let holds = world::furnish(sandbox, &credentials).map_err(io::Error::other)?;
    write(folder, sandbox.urls())?;
    let [source, destination] = holds;
    let variables = [("MIXTAP_ALLOWED_ENDPOINTS", allowed(sandbox))];
    let hints = hints::files(folder, &variables).map_err(io::Error::other)?;
    let folder = folder.display();
    Ok(format!(
        "{source}\n{destination}\nExamples    {folder}. {hints}"
    ))
}

/// What `--allowed-endpoints` must list.
pub fn allowed(sandbox: &Sandbox) -> String {
    let urls = [sandbox.mixpanel_url(), sandbox.clevertap_url()];
    urls.map(|url| url.origin().ascii_serialization()).join(",")
}

/// The examples as files, which name the stand-ins. No file is overwritten: the addresses in one of an
/// earlier sandbox wouldn't fit.
pub fn write(folder: &Path, urls: &Urls) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, text) in EXAMPLES {
        let path = folder.join(name);
        let file = fs::File::create_new(&path);
        file.and_then(|mut file| file.write_all(pointed(name, text, urls).as_bytes()))
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => io::Error::other(format!(
                    "{} is there already: remove it, or name another directory",
                    path.display()
                )),
                _ => error,
            })?;
    }
    Ok(())
}

/// A connector's spec ends its text, so that its last field is one more.
fn pointed(name: &str, text: &str, urls: &Urls) -> String {
    let (mixpanel, clevertap) = (&urls.mixpanel, &urls.clevertap);
    match name {
        "connector.yaml" => format!(
            "{text}\n  # Stand-ins in place of the vendors, as --allowed-endpoints permits.\n  \
             endpoints:\n    mixpanel: {mixpanel}\n    clevertap: {clevertap}\n"
        ),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn urls() -> Urls {
        let at = |port: u16| url::Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
        Urls {
            mixpanel: at(1),
            mixpanel_eu: at(2),
            mixpanel_in: at(3),
            clevertap: at(4),
            storage: at(5),
            admin: at(6),
        }
    }

    #[test]
    fn the_files_say_what_the_examples_say_and_where_the_vendors_are() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &urls()).unwrap();
        for (name, text) in EXAMPLES {
            let written = fs::read_to_string(folder.path().join(name)).unwrap();
            let read = |text: &str| serde_yaml::from_str::<Value>(text).unwrap();
            let mut example = read(text);
            if name == "connector.yaml" {
                example["spec"]["endpoints"] = endpoints(&urls());
            }
            assert_eq!(read(&written), example);
        }
    }
}
