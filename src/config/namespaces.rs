//! Names of objects, and which namespaces are watched.

use std::str::FromStr;

use crate::domain::validate::is_object_name;

/// The namespaces of `--watch-namespaces`; empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces(pub Vec<String>);

impl FromStr for Namespaces {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut names = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(namespace)
            .collect::<Result<Vec<_>, _>>()?;
        names.sort_unstable();
        names.dedup();
        Ok(Self(names))
    }
}

/// A namespace's name is a DNS label, and becomes a part of request paths.
///
/// # Errors
/// A sentence that says what a name must be.
pub fn namespace(name: &str) -> Result<String, String> {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let valid = (1..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-');
    valid
        .then(|| name.to_owned())
        .ok_or_else(|| "not a namespace: 1 to 63 of a-z, 0-9 and inner -".to_owned())
}

/// An object's name, which becomes a part of request paths.
///
/// # Errors
/// A sentence that says what it must be.
pub fn object_name(text: &str) -> Result<String, String> {
    let must = "must be a name: at most 253 lower-case letters, digits, hyphens and dots, each part \
                beginning and ending with a letter or digit";
    is_object_name(text)
        .then(|| text.to_owned())
        .ok_or_else(|| must.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_sorted_and_has_no_doubles() {
        let names: Namespaces = "b, a,,b".parse().expect("a list");
        assert_eq!(names.0, ["a", "b"]);
        assert_eq!("".parse(), Ok(Namespaces::default()));
    }

    #[test]
    fn only_dns_labels_are_namespaces() {
        let (longest, too_long) = ("a".repeat(63), "a".repeat(64));
        for good in ["a", "0", "kube-system", &longest] {
            assert_eq!(namespace(good).as_deref(), Ok(good));
        }
        for bad in ["", "A", "a/b", "-a", "a-", "a.b", "..", &too_long] {
            assert!(namespace(bad).is_err(), "{bad}");
        }
    }
}
