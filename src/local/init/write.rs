//! Files into a folder: all of them or none, each as a whole.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::{InitError, manifests::File};

/// Writes what isn't there already, and says the paths of all. A file that differs is overwritten
/// only by `force`.
///
/// # Errors
/// Nothing was written then, unless the folder itself fails in the very end.
pub fn files(folder: &Path, files: &[File], force: bool) -> Result<Vec<String>, InitError> {
    let paths: Vec<_> = files.iter().map(|file| folder.join(&file.name)).collect();
    let mut new = Vec::new();
    let mut differ = Vec::new();
    for (path, file) in paths.iter().zip(files) {
        match fs::read(path) {
            Ok(text) if text == file.text.as_bytes() => {}
            Ok(_) if !force => differ.push(path.display().to_string()),
            Ok(_) => new.push((path, file)),
            Err(error) if error.kind() == ErrorKind::NotFound => new.push((path, file)),
            Err(error) => return Err(told(path)(error)),
        }
    }
    if !differ.is_empty() {
        return Err(InitError::Failed(format!(
            "nothing was written, for these are there and differ: {}. Choose another folder by \
             --output, or overwrite them by --force",
            differ.join(", ")
        )));
    }
    fs::create_dir_all(folder).map_err(told(folder))?;
    let staged = new
        .iter()
        .map(|(path, file)| Staged::write(path, file).map_err(told(path)));
    // One that can't be written takes the others along.
    let staged = staged.collect::<Result<Vec<_>, _>>()?;
    for staged in staged {
        let path = staged.path.clone();
        staged.publish(force).map_err(told(&path))?;
    }
    Ok(paths
        .iter()
        .map(|path| path.display().to_string())
        .collect())
}

fn told(path: &Path) -> impl Fn(io::Error) -> InitError {
    move |error| InitError::Failed(format!("{}: {error}", path.display()))
}

/// A file under another name beside its own; gone when it is dropped.
struct Staged {
    path: PathBuf,
    beside: PathBuf,
}

impl Staged {
    fn write(path: &Path, file: &File) -> io::Result<Self> {
        let beside = path.with_file_name(format!(".{}.{}", file.name, std::process::id()));
        let mut open = OpenOptions::new();
        let mut handle = open.write(true).create_new(true).open(&beside)?;
        let staged = Self {
            path: path.to_owned(),
            beside,
        };
        handle.write_all(file.text.as_bytes())?;
        handle.sync_all()?;
        Ok(staged)
    }

    fn publish(self, force: bool) -> io::Result<()> {
        match force {
            true => fs::rename(&self.beside, &self.path),
            // Takes the name with all of the text, unless somebody else has it by now.
            false => fs::hard_link(&self.beside, &self.path),
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.beside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    fn there(folder: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let entries = entries.map(|entry| {
            let text = fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), text)
        });
        let mut entries: Vec<_> = entries.collect();
        entries.sort();
        entries
    }

    #[test]
    fn all_are_written_or_none() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("new/folder");
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let first = [file("a.yaml", "1"), file("b.yaml", "2")];
        assert_eq!(files(&folder, &first, false).unwrap().len(), 2);
        // What is there as it would be written is no obstacle to another one.
        let more = [file("b.yaml", "2"), file("c.yaml", "3")];
        files(&folder, &more, false).unwrap();
        let all = [
            pair("a.yaml", "1"),
            pair("b.yaml", "2"),
            pair("c.yaml", "3"),
        ];
        assert_eq!(there(&folder), all);

        let others = [file("d.yaml", "4"), file("a.yaml", "changed")];
        let told = files(&folder, &others, false).unwrap_err().to_string();
        assert!(
            told.contains("a.yaml") && told.contains("--force"),
            "{told}"
        );
        assert!(!told.contains("d.yaml"), "{told}");
        assert_eq!(there(&folder), all);
        files(&folder, &others, true).unwrap();
        assert_eq!(there(&folder)[0], pair("a.yaml", "changed"));
        assert_eq!(there(&folder).len(), 4);
    }

    #[test]
    fn a_file_that_cannot_be_written_takes_the_others_along() {
        let temp = tempfile::tempdir().unwrap();
        let bad = [file("a.yaml", "1"), file("no/folder.yaml", "2")];
        assert!(files(temp.path(), &bad, false).is_err());
        assert_eq!(there(temp.path()), []);
    }
}
