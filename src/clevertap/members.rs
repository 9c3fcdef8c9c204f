//! Which members of a list a text names: looked up in the list's file, for they are too many to be
//! held in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::csv::identity;
use super::list_file::ListFile;

/// For the longest list that a disk reads slowly.
const DEADLINE: Duration = Duration::from_secs(120);
/// Characters of a text that are looked at: more than are ever shown.
const SEEN: usize = 8192;
/// Members that a text may name; one with more isn't shown at all.
const MEMBERS: usize = 4096;
/// Bytes of a gram, and of the set of grams.
const GRAM: usize = 4;
const BITS: usize = 1 << 16;

impl ListFile {
    /// The members that may stand in the text; `None` where that can't be told.
    pub(super) async fn members_in(&self, text: String) -> Option<Vec<String>> {
        if text.is_empty() {
            return Some(Vec::new());
        }
        let path = self.path.clone();
        let search = spawn_blocking(move || search(path, &Text::new(&text)));
        timeout(DEADLINE, search).await.ok()?.ok()?.ok()?
    }
}

fn search(path: PathBuf, text: &Text) -> io::Result<Option<Vec<String>>> {
    let mut file = BufReader::with_capacity(256 << 10, File::open(path)?);
    let (mut found, mut line) = (Vec::new(), Vec::new());
    while file.read_until(b'\n', &mut line)? > 0 {
        let whole = String::from_utf8_lossy(&line);
        let identity = identity(&whole);
        if text.may_hold(&identity) {
            if found.len() == MEMBERS {
                return Ok(None);
            }
            found.push(identity.into_owned());
        }
        line.clear();
    }
    Ok(Some(found))
}

/// A text without regard to case, and which grams occur in it: most members are told from it by
/// their first bytes.
struct Text {
    folded: String,
    grams: Vec<bool>,
}

impl Text {
    fn new(text: &str) -> Self {
        let folded = fold(text.chars().take(SEEN));
        let mut grams = vec![false; BITS];
        for gram in folded.as_bytes().windows(GRAM) {
            grams[slot(gram)] = true;
        }
        Self { folded, grams }
    }

    fn may_hold(&self, identity: &str) -> bool {
        if identity.is_ascii()
            && let Some(first) = identity.as_bytes().first_chunk::<GRAM>()
        {
            let absent = !self.grams[slot(&first.map(|byte| byte.to_ascii_lowercase()))];
            if absent {
                return false;
            }
        }
        !identity.is_empty() && self.folded.contains(&fold(identity.chars()))
    }
}

fn fold(chars: impl Iterator<Item = char>) -> String {
    chars.flat_map(char::to_lowercase).collect()
}

fn slot(gram: &[u8]) -> usize {
    gram.iter()
        .fold(0, |slot, byte| slot * 31 + usize::from(*byte))
        % BITS
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::super::ListWriter;
    use super::*;

    async fn members_in(ids: &[&str], text: &str) -> Option<Vec<String>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let csv = csv(ids);
        file.write_all(&csv).unwrap();
        let list = ListFile {
            path: file.path().to_owned(),
            bytes: csv.len() as u64,
        };
        list.members_in(text.into()).await
    }

    fn csv(ids: &[&str]) -> Vec<u8> {
        let mut writer = ListWriter::new(Vec::new()).unwrap();
        ids.iter().for_each(|id| writer.push(id).unwrap());
        writer.finish().unwrap()
    }

    #[tokio::test]
    async fn members_are_found_whatever_their_case() {
        let ids = ["User-1", "2", "say \"hi\"", "ÜBER", "absent", "User-9"];
        let text = "user-1 and 2 SAY \"HI\" to Über";
        let found = members_in(&ids, text).await.unwrap();
        assert_eq!(found, ids[..4]);
        assert_eq!(members_in(&ids, "").await, Some(vec![]));
        let same = vec!["1"; MEMBERS + 1];
        assert_eq!(members_in(&same, "1").await, None);
        let gone = ListFile {
            path: "/absent/file".into(),
            bytes: 1,
        };
        assert_eq!(gone.members_in("1".into()).await, None);
    }

    proptest! {
        #[test]
        fn what_a_text_holds_is_never_missed(id in "[a-zA-Z0-9é\"-]{1,9}", before in "\\PC{0,9}", after in "\\PC{0,9}") {
            let text = Text::new(&format!("{before}{}{after}", id.to_ascii_uppercase()));
            let line = String::from_utf8(csv(&[&id])).unwrap();
            let read = identity(line.split_once('\n').unwrap().1);
            prop_assert_eq!(&read, &Cow::Borrowed(&*id));
            prop_assert!(text.may_hold(&read));
        }
    }
}
