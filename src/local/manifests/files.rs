//! The texts that paths lead to.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where `-` reads from, as messages call it.
pub const STDIN: &str = "<stdin>";
/// How an apiVersion of our group begins.
const OURS: &str = "mixtap.dev/";
/// Bytes that a file may have.
const LARGEST: u64 = 16 * 1024 * 1024;
/// Files that all paths may lead to.
const MOST: usize = 10_000;

/// A text, or why it can't be had.
pub struct Text {
    pub file: String,
    pub text: Result<String, String>,
    /// Whether it is to be manifests: it was named, or it has our `apiVersion`. A folder also holds
    /// other tools' templates and data.
    pub meant: bool,
}

/// Calls `each` with every text in turn: the file that a path names, or what its folder holds,
/// however deep, in the order of names. The same file is read once.
pub fn texts(paths: &[PathBuf], stdin: &mut dyn Read, each: &mut dyn FnMut(Text)) {
    let mut found = Found::default();
    for path in paths {
        found.add(path);
    }
    for (path, named) in found.files {
        let bytes = if is_stdin(&path) {
            read(&mut *stdin)
        } else {
            File::open(&path).and_then(|mut file| read(&mut file))
        };
        let ours = |bytes: &Vec<u8>| memchr::memmem::find(bytes, OURS.as_bytes()).is_some();
        each(Text {
            file: name(&path),
            meant: named || bytes.as_ref().map_or(true, ours),
            text: bytes.map_err(|error| said(&error)).and_then(text),
        });
    }
    for (path, why) in found.failed {
        each(Text {
            file: name(&path),
            meant: true,
            text: Err(why),
        });
    }
}

#[derive(Default)]
struct Found {
    /// Each with whether it was named.
    files: Vec<(PathBuf, bool)>,
    known: BTreeSet<PathBuf>,
    failed: Vec<(PathBuf, String)>,
}

impl Found {
    fn add(&mut self, path: &Path) {
        match fs::metadata(path) {
            _ if is_stdin(path) => self.file(path, true),
            Ok(meta) if meta.is_dir() => self.folder(path),
            Ok(_) => self.file(path, true),
            Err(error) => self.failed.push((path.to_owned(), said(&error))),
        }
    }

    fn file(&mut self, path: &Path, named: bool) {
        let real = fs::canonicalize(path).unwrap_or(path.to_owned());
        if self.files.len() >= MOST {
            let why = format!("must be among at most {MOST} files");
            self.failed.push((path.to_owned(), why));
        } else if self.known.insert(real) {
            self.files.push((path.to_owned(), named));
        }
    }

    fn folder(&mut self, folder: &Path) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.failed.push((folder.to_owned(), said(&error))),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if self.files.len() > MOST {
                return;
            }
            let (path, name) = (entry.path(), entry.file_name());
            let manifest = path.extension().is_some_and(|extension| {
                ["yaml", "yml", "json"]
                    .iter()
                    .any(|known| extension == *known)
            });
            // Folders by links could lead round in circles; hidden ones belong to other tools. A pipe
            // may never end, and a link may lead to nothing.
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.folder(&path);
            } else if manifest && path.is_file() {
                self.file(&path, false);
            }
        }
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn name(path: &Path) -> String {
    if is_stdin(path) {
        STDIN.to_owned()
    } else {
        path.display().to_string()
    }
}

fn read(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() as u64 > LARGEST {
        return Err("must be at most 16 MiB".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "must be UTF-8 text".to_owned())?;
    // As editors on Windows begin a file.
    let plain = text.strip_prefix('\u{feff}').map(str::to_owned);
    Ok(plain.unwrap_or(text))
}

/// Why a file can't be read, without the operating system's number.
fn said(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "must be a file or a folder: it isn't there".to_owned(),
        io::ErrorKind::PermissionDenied => "must be readable: permission is denied".to_owned(),
        _ => error.to_string(),
    }
}
