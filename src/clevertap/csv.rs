//! The file of a Custom List. A wrong header is a silent failure: the API accepts it, and only the
//! e-mail says no [doc].

use std::borrow::Cow;
use std::io;

const HEADER: &str = "Type,Identity\n";
/// Bytes that are written at a time.
const PIECE: usize = 64 << 10;

/// Writes a list's file, in pieces of about 64 KiB: `Type,Identity`, then `i,<identity>` for each;
/// LF, no BOM, quotes (RFC 4180) only where needed.
pub struct ListWriter<W: io::Write> {
    out: W,
    /// Personal data that isn't written yet.
    piece: Vec<u8>,
}

impl<W: io::Write> ListWriter<W> {
    /// Begins with the header.
    ///
    /// # Errors
    /// None yet: what `out` says shows later.
    pub fn new(out: W) -> io::Result<Self> {
        let piece = HEADER.as_bytes().to_vec();
        Ok(Self { out, piece })
    }

    /// Adds a member. Each identity may be given once only.
    ///
    /// # Errors
    /// What `out` says.
    pub fn push(&mut self, identity: &str) -> io::Result<()> {
        line(&mut self.piece, identity);
        if self.piece.len() >= PIECE {
            self.out.write_all(&self.piece)?;
            self.piece.clear();
        }
        Ok(())
    }

    /// Writes and flushes the rest: without it the file isn't whole.
    ///
    /// # Errors
    /// What `out` says.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&self.piece)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn line(file: &mut Vec<u8>, identity: &str) {
    file.extend_from_slice(b"i,");
    let odd = |byte: u8| (byte == b',') | (byte == b'"') | (byte == b'\n') | (byte == b'\r');
    if identity.bytes().fold(false, |any, byte| any | odd(byte)) {
        file.push(b'"');
        file.extend_from_slice(identity.replace('"', "\"\"").as_bytes());
        file.push(b'"');
    } else {
        file.extend_from_slice(identity.as_bytes());
    }
    file.push(b'\n');
}

/// The identity of one line of such a file, as far as it stands on that line.
pub(super) fn identity(line: &str) -> Cow<'_, str> {
    let field = line.strip_prefix("i,").unwrap_or(line);
    let field = field.trim_end_matches(['\n', '\r']);
    let quoted = field
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let field = quoted.unwrap_or_else(|| field.trim_matches('"'));
    match field.contains('"') {
        true => field.replace("\"\"", "\"").into(),
        false => field.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn csv(ids: &[impl AsRef<str>]) -> Vec<u8> {
        let mut writer = ListWriter::new(Vec::new()).unwrap();
        ids.iter().for_each(|id| writer.push(id.as_ref()).unwrap());
        writer.finish().unwrap()
    }

    #[test]
    fn the_file_is_exact() {
        let ids = [
            "13793",
            "a,b",
            "say \"hi\"",
            "two\nlines",
            "cr\r",
            "zoë 🦀",
            " s p ",
        ];
        let expected = "Type,Identity\ni,13793\ni,\"a,b\"\ni,\"say \"\"hi\"\"\"\n\
                        i,\"two\nlines\"\ni,\"cr\r\"\ni,zoë 🦀\ni, s p \n";
        assert_eq!(csv(&ids), expected.as_bytes());
        assert_eq!(csv(&[""; 0]), HEADER.as_bytes());
        let back = ["i,1\n", "i,\"a,\"\"b\"\r\n"].map(identity);
        assert_eq!(back, ["1", "a,\"b"]);
    }

    #[test]
    fn a_file_of_many_pieces_has_every_line() {
        let ids: Vec<_> = (0..30_000).map(|n| format!("user, {n}")).collect();
        let file = String::from_utf8(csv(&ids)).unwrap();
        let lines: Vec<_> = file.strip_prefix(HEADER).unwrap().lines().collect();
        assert!(lines.into_iter().map(identity).eq(ids));
    }

    proptest! {
        /// An independent reader of RFC 4180 gets back what went in.
        #[test]
        fn any_identity_survives(ids in prop::collection::vec("[a-zé,\" \r\n]{1,8}", 0..8)) {
            let file = csv(&ids);
            let text = std::str::from_utf8(&file).unwrap();
            let (mut rows, mut field, mut quoted) = (Vec::new(), String::new(), false);
            let mut rest = text.strip_prefix(HEADER).unwrap().chars().peekable();
            while let Some(c) = rest.next() {
                match c {
                    '"' if quoted && rest.peek() == Some(&'"') => {
                        rest.next();
                        field.push('"');
                    }
                    '"' => quoted = !quoted,
                    '\n' if !quoted => rows.push(std::mem::take(&mut field)),
                    c => field.push(c),
                }
            }
            let expected: Vec<_> = ids.iter().map(|id| format!("i,{id}")).collect();
            prop_assert_eq!(rows, expected);
        }
    }
}
