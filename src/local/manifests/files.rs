//! The texts that paths lead to.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where `-` reads from, as messages call it.
pub const STDIN: &str = "<stdin>";
/// Bytes that a file may have.
const LARGEST: u64 = 16 * 1024 * 1024;
/// Files that all paths may lead to.
const MOST: usize = 10_000;

/// A text, or why it can't be had.
pub struct Text {
    pub file: String,
    pub text: Result<String, String>,
}

/// Calls `each` with every text in turn: the file that a path names, or what its folder holds,
/// however deep, in the order of names. The same file is read once.
pub fn texts(paths: &[PathBuf], stdin: &mut dyn Read, each: &mut dyn FnMut(Text)) {
    let mut found = Found::default();
    for path in paths {
        found.add(path);
    }
    for path in found.files {
        let text = if is_stdin(&path) {
            read(&mut *stdin)
        } else {
            File::open(&path).and_then(|mut file| read(&mut file))
        };
        let file = name(&path);
        let text = text.map_err(|error| said(&error));
        each(Text { file, text });
    }
    for (path, why) in found.failed {
        let (file, text) = (name(&path), Err(why));
        each(Text { file, text });
    }
}

#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    known: BTreeSet<PathBuf>,
    failed: Vec<(PathBuf, String)>,
}

impl Found {
    fn add(&mut self, path: &Path) {
        if is_stdin(path) {
            return self.file(path, path.to_owned());
        }
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.folder(path),
            Ok(_) => self.file(path, fs::canonicalize(path).unwrap_or(path.to_owned())),
            Err(error) => self.failed.push((path.to_owned(), said(&error))),
        }
    }

    fn file(&mut self, path: &Path, real: PathBuf) {
        if self.files.len() >= MOST {
            let why = format!("must be among at most {MOST} files");
            self.failed.push((path.to_owned(), why));
        } else if self.known.insert(real) {
            self.files.push(path.to_owned());
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
            // Folders by links could lead round in circles; hidden ones belong to other tools.
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.folder(&path);
            } else if manifest && !path.is_dir() {
                self.add(&path);
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

fn read(from: &mut dyn Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::other("must be at most 16 MiB"));
    }
    // As editors on Windows begin a file.
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// Why a file can't be read, without the operating system's number.
fn said(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "must be a file or a folder: it isn't there".to_owned(),
        io::ErrorKind::PermissionDenied => "must be readable: permission is denied".to_owned(),
        io::ErrorKind::InvalidData => "must be UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}
