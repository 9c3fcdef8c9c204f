//! Addresses of the page, as its links name them.

use url::form_urlencoded;

/// A name as a part of a path.
pub fn path(name: &str) -> String {
    // What the form encoding writes is right in a path too, but for its space.
    form_urlencoded::byte_serialize(name.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

/// A connector, as a filter names it.
pub fn connector(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

/// The query that shows a connector's exports.
pub fn of_connector(namespace: &str, name: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("connector", &connector(namespace, name))
        .finish()
}
