//! The file of a Custom List. A wrong header is a silent failure: the API accepts it, and only the
//! e-mail says no [doc].

use bytes::Bytes;

const HEADER: &str = "Type,Identity\n";

/// `Type,Identity`, then `i,<identity>` for each: LF, no BOM, quotes (RFC 4180) only where needed.
/// The caller gives each identity once.
pub fn csv<'a>(identities: impl IntoIterator<Item = &'a str>) -> Bytes {
    let mut file = HEADER.to_owned();
    for identity in identities {
        file.push_str("i,");
        if identity.contains([',', '"', '\n', '\r']) {
            file.push('"');
            file.push_str(&identity.replace('"', "\"\""));
            file.push('"');
        } else {
            file.push_str(identity);
        }
        file.push('\n');
    }
    file.into()
}

/// The identities of such a file, as far as they stand on a line of their own: for taking them
/// out of a text.
pub(super) fn identities(file: &str) -> impl Iterator<Item = String> {
    file.lines().skip(1).map(|line| {
        let field = line.strip_prefix("i,").unwrap_or(line);
        field.trim_matches('"').replace("\"\"", "\"")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        assert_eq!(csv(ids), expected);
        assert_eq!(csv([]), HEADER);
        let back: Vec<_> = identities("Type,Identity\ni,1\ni,\"a,\"\"b\"\n").collect();
        assert_eq!(back, ["1", "a,\"b"]);
    }

    proptest! {
        /// An independent reader of RFC 4180 gets back what went in.
        #[test]
        fn any_identity_survives(ids in prop::collection::vec("[a-zé,\" \r\n]{1,8}", 0..8)) {
            let file = csv(ids.iter().map(String::as_str));
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
