//! What the programs of a plane read from disk: certificates, keys and kubeconfigs.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use k8s_openapi::ByteString;
use serde_json::json;
use tempfile::TempDir;

use super::{
    certs::{Authority, Pair, signing_key},
    plane::PlaneError,
};

/// The files by what they hold.
pub(super) struct Files {
    pub authority: PathBuf,
    pub server: PathBuf,
    pub server_key: PathBuf,
    /// Service-account tokens are checked with this one, and signed with the next.
    pub tokens: PathBuf,
    pub tokens_key: PathBuf,
    /// The controller manager's kubeconfig; not written here.
    pub manager: PathBuf,
}

impl Files {
    pub fn write(dir: &Path, authority: &Authority) -> Result<Self, PlaneError> {
        let files = Self {
            authority: dir.join("ca.crt"),
            server: dir.join("server.crt"),
            server_key: dir.join("server.key"),
            tokens: dir.join("tokens.pub"),
            tokens_key: dir.join("tokens.key"),
            manager: dir.join("controller-manager.kubeconfig"),
        };
        let (server, tokens) = (authority.server()?, signing_key()?);
        fs::write(&files.authority, authority.pem())?;
        fs::write(&files.server, server.public)?;
        private(&files.server_key, &server.private)?;
        fs::write(&files.tokens, tokens.public)?;
        private(&files.tokens_key, &tokens.private)?;
        Ok(files)
    }
}

/// A new folder for one plane, closed to others.
pub(super) fn folder(parent: Option<&Path>) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("mixtap-plane-");
    match parent {
        Some(parent) => builder.tempdir_in(parent),
        None => builder.tempdir(),
    }
}

/// Writes a file that only its owner can read.
pub(super) fn private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

/// A kubeconfig that needs no other file.
pub(super) fn kubeconfig(
    url: &str,
    authority: &Authority,
    user: &Pair,
) -> Result<String, PlaneError> {
    let base64 = |pem: &str| ByteString(pem.as_bytes().to_vec());
    let name = "mixtap-sandbox";
    Ok(serde_yaml::to_string(&json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {
            "server": url,
            "certificate-authority-data": base64(&authority.pem()),
        }}],
        "users": [{"name": name, "user": {
            "client-certificate-data": base64(&user.public),
            "client-key-data": base64(&user.private),
        }}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }))?)
}
