use proptest::prelude::*;

use super::*;

type Read = Result<Vec<(Kind, String)>, String>;

fn read(bytes: &[u8]) -> Read {
    Rows::new(bytes).collect()
}

fn plain(rows: &[(Kind, String)]) -> String {
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

/// The same by a reader of CSV that takes anything, and a comparison with the plain form.
fn naive(bytes: &[u8]) -> Option<Vec<(Kind, String)>> {
    if !bytes.starts_with(b"Type,Identity\n") && bytes != b"Type,Identity" {
        return None;
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let mut rows = vec![];
    for record in reader.records() {
        let record = record.ok()?;
        let [kind, id] = record.iter().collect::<Vec<_>>()[..] else {
            return None;
        };
        let kind = match kind {
            "i" => Kind::Identity,
            "g" => Kind::CleverTapId,
            _ => return None,
        };
        let row = (kind, id.to_owned());
        if id.trim().is_empty() || rows.contains(&row) {
            return None;
        }
        rows.push(row);
    }
    let (plain, end) = (plain(&rows), |text: &[u8]| text.ends_with(b"\n"));
    let given = if end(bytes) {
        bytes.to_vec()
    } else {
        [bytes, b"\n"].concat()
    };
    (plain.as_bytes() == given).then_some(rows)
}

proptest! {
    #[test]
    fn the_plain_form_reads_back(ids in prop::collection::hash_set("[a-z\",\n\r é0-9]{0,9}x", 0..20)) {
        let rows: Vec<_> = ids.into_iter().map(|id| (Kind::Identity, id)).collect();
        prop_assert_eq!(read(plain(&rows).as_bytes()), Ok(rows));
    }

    #[test]
    fn any_text_is_judged_as_by_a_reader_of_csv(text in "([ig],|[ig],\"|[\"\n\r,ax ]|\"\n){0,12}") {
        let file = format!("Type,Identity\n{text}");
        prop_assert_eq!(read(file.as_bytes()).ok(), naive(file.as_bytes()), "{:?}", file);
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
        "Type,Identity\ni,\"a,\n",
        "",
    ] {
        assert!(read(bad.as_bytes()).is_err(), "{bad:?} passed");
    }
    assert!(read(b"Type,Identity\ni,\xff\n").is_err());
    let endless = format!("Type,Identity\ni,{}\n", "x".repeat(LONGEST_ROW as usize));
    assert!(read(endless.as_bytes()).is_err());
    assert_eq!(read(b"Type,Identity"), Ok(vec![]));
}
