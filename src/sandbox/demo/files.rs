//! The examples as files for who works without a cluster: pointed at stand-ins that hold what they
//! need.

use std::{fs, io, path::Path};

use super::{
    manifests::{self, EXAMPLES},
    world,
};
use crate::sandbox::Sandbox;

const NAMES: [&str; 4] = [
    "secret.yaml",
    "connector.yaml",
    "one-time.yaml",
    "dynamic.yaml",
];

/// Fills the vendors, writes the examples into the folder, and says what to do with them. No file is
/// overwritten: the addresses in one of an earlier sandbox wouldn't fit.
pub fn write_examples(sandbox: &Sandbox, folder: &Path) -> io::Result<String> {
    let credentials = manifests::credentials().map_err(io::Error::other)?;
    let holds = world::furnish(sandbox, &credentials).map_err(io::Error::other)?;
    fs::create_dir_all(folder)?;
    for (name, text) in NAMES.iter().zip(EXAMPLES) {
        let text = match *name {
            "connector.yaml" => pointed(text, sandbox),
            _ => text.to_owned(),
        };
        let path = folder.join(name);
        let file = fs::File::create_new(&path);
        file.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => io::Error::other(format!(
                    "{} is there already: remove it, or name another directory",
                    path.display()
                )),
                _ => error,
            })?;
    }
    let urls = sandbox.urls();
    let [mixpanel, clevertap] = [&urls.mixpanel, &urls.clevertap].map(|url| origin(url.as_str()));
    let folder = folder.display();
    let [source, destination] = holds;
    Ok(format!(
        "{source}\n{destination}\nExamples    {folder}. In a second terminal:\n\n  \
         export MIXTAP_ALLOWED_ENDPOINTS={mixpanel},{clevertap}\n  \
         mixtap plan -f {folder}\n  mixtap sync -f {folder}\n\n"
    ))
}

/// The spec ends the text, so its last field is one more.
fn pointed(connector: &str, sandbox: &Sandbox) -> String {
    let (mixpanel, clevertap) = (sandbox.mixpanel_url(), sandbox.clevertap_url());
    format!(
        "{connector}\n  # Stand-ins in place of the vendors, as --allowed-endpoints permits.\n  \
         endpoints:\n    mixpanel: {mixpanel}\n    clevertap: {clevertap}\n"
    )
}

fn origin(url: &str) -> &str {
    url.trim_end_matches('/')
}
