//! A list as tests compare it: its file is in the order of keyed fingerprints, which no test knows.

/// The file byte for byte, but with its rows sorted.
pub fn sorted(file: &[u8]) -> String {
    let file = std::str::from_utf8(file).expect("a list is text");
    let (header, mut rest) = file.split_at(file.find('\n').map_or(file.len(), |at| at + 1));
    let mut rows = Vec::new();
    while !rest.is_empty() {
        // A quoted field may hold line breaks; a quote within it is doubled.
        let mut quoted = false;
        let end = rest.find(|c| {
            quoted ^= c == '"';
            c == '\n' && !quoted
        });
        let (row, after) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
        rows.push(row);
        rest = after;
    }
    rows.sort_unstable();
    format!("{header}{}", rows.concat())
}
