//! What a Secret's key may hold.

/// The one line of text that these bytes are, without the newline that an editor or `echo` leaves
/// at its end; `None` where they are no such thing.
pub fn line(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok().map(str::trim);
    text.filter(|text| !text.is_empty() && !text.chars().any(char::is_control))
}
