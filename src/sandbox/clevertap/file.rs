//! The list file, judged as list processing does: out of band and without mercy.

use std::collections::HashSet;

/// A row: what kind of id, and the id.
pub(super) type Row = (Kind, String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Identity,
    CleverTapId,
}

/// The rows of a well-formed file, else why it fails. The reason names no id.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Row>, String> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err("the file begins with a byte order mark".into());
    }
    if !bytes.starts_with(b"Type,Identity\n") && bytes != b"Type,Identity" {
        return Err("the header must be Type,Identity".into());
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(true)
        .flexible(true)
        .from_reader(bytes);
    let (mut rows, mut seen) = (Vec::new(), HashSet::new());
    for (at, record) in reader.records().enumerate() {
        let row = at + 2;
        let record = record.map_err(|_| format!("row {row} is not UTF-8 text"))?;
        let [kind, id] = record.iter().collect::<Vec<_>>()[..] else {
            return Err(format!("row {row} doesn't have two fields"));
        };
        let kind = match kind {
            "i" => Kind::Identity,
            "g" => Kind::CleverTapId,
            _ => return Err(format!("row {row} has a type other than i and g")),
        };
        if id.trim().is_empty() {
            return Err(format!("row {row} has no identity"));
        }
        if !seen.insert((kind, id.to_owned())) {
            return Err(format!("row {row} is a duplicate"));
        }
        rows.push((kind, id.to_owned()));
    }
    // Needless quotes, CR LF and blank lines all differ from the one plain form of these rows.
    if plain(&rows).trim_end_matches('\n').as_bytes() != bytes.strip_suffix(b"\n").unwrap_or(bytes)
    {
        return Err("the file isn't in plain form: LF, and quotes only where needed".into());
    }
    Ok(rows)
}

fn plain(rows: &[Row]) -> String {
    let mut text = String::from("Type,Identity\n");
    for (kind, id) in rows {
        text.push_str(if *kind == Kind::Identity { "i," } else { "g," });
        if id.contains(['"', ',', '\n', '\r']) {
            text.extend(["\"", &id.replace('"', "\"\""), "\""]);
        } else {
            text.push_str(id);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_plain_form_reads_back(ids in prop::collection::hash_set("[a-z\",\n\r é0-9]{0,9}x", 0..20)) {
            let rows: Vec<Row> = ids.into_iter().map(|id| (Kind::Identity, id)).collect();
            prop_assert_eq!(read(plain(&rows).as_bytes()), Ok(rows));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = read(&[b"Type,Identity\n", &bytes[..]].concat());
        }
    }

    #[test]
    fn flaws_fail() {
        for bad in [
            "\u{feff}Type,Identity\ni,a\n",
            "type,identity\ni,a\n",
            "Identity\na\n",
            "Type,Identity\r\ni,a\r\n",
            "Type,Identity\ni,a\r\n",
            "Type,Identity\ni,a\ni,a\n",
            "Type,Identity\nx,a\n",
            "Type,Identity\ni,\n",
            "Type,Identity\ni,a,b\n",
            "Type,Identity\n\"i\",\"a\"\n",
            "Type,Identity\ni,a\n\ni,b\n",
            "Type,Identity\ni,a\n\n",
            "",
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad:?} passed");
        }
        assert!(read(b"Type,Identity\ni,\xff\n").is_err());
    }
}
