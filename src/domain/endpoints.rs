//! Where the vendors are, and which other places an installation permits.

use std::str::FromStr;

use url::{Origin, Url};

use crate::api::{Datacenter, Region};

/// Mixpanel's base URL for a region. [doc]
pub fn mixpanel(region: Region) -> Url {
    constant(match region {
        Region::US => "https://mixpanel.com",
        Region::EU => "https://eu.mixpanel.com",
        Region::IN => "https://in.mixpanel.com",
    })
}

/// CleverTap's base URL for a datacenter. [doc]
pub fn clevertap(datacenter: Datacenter) -> Url {
    constant(match datacenter {
        Datacenter::Eu1 => "https://api.clevertap.com",
        Datacenter::In1 => "https://in1.api.clevertap.com",
        Datacenter::Us1 => "https://us1.api.clevertap.com",
        Datacenter::Sg1 => "https://sg1.api.clevertap.com",
        Datacenter::Aps3 => "https://aps3.api.clevertap.com",
        Datacenter::Mec1 => "https://mec1.api.clevertap.com",
    })
}

fn constant(url: &str) -> Url {
    Url::parse(url).expect("a constant URL, tried by a test")
}

/// A base URL that a user writes: `http` or `https`, a host, perhaps a port, nothing else. The
/// error says what it must be and repeats no part of it: it may hold credentials.
pub fn base_url(text: &str) -> Result<Url, &'static str> {
    let url =
        Url::parse(text).map_err(|_| "must be a URL such as https://proxy.example.com:8443")?;
    if !matches!(url.scheme(), "http" | "https") {
        Err("must begin with http:// or https://")
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("must not hold credentials")
    } else if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        Err("must end after the host or port, without path, query or fragment")
    } else {
        Ok(url)
    }
}

/// The base URLs that connectors may name beside the vendors' own: exact schemes, hosts and ports.
/// None by default, or whoever may write a connector could have our Pods call any address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedEndpoints(Vec<Origin>);

/// An entry of the list that isn't a base URL; `position` counts from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {position} {must}")]
pub struct EndpointError {
    pub position: usize,
    pub must: &'static str,
}

impl AllowedEndpoints {
    /// Whether exactly this scheme, host and port is listed; a default port needn't be written.
    pub fn permits(&self, url: &Url) -> bool {
        self.0.contains(&url.origin())
    }
}

impl FromStr for AllowedEndpoints {
    type Err = EndpointError;

    /// Reads `scheme://host[:port]`, separated by commas; empty entries are passed over.
    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let entries = list.split(',').map(str::trim).enumerate();
        let entries = entries.filter(|(_, entry)| !entry.is_empty());
        let origins = entries.map(|(index, entry)| {
            let url = base_url(entry).map_err(|must| EndpointError {
                position: index + 1,
                must,
            })?;
            Ok(url.origin())
        });
        Ok(Self(origins.collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn permits(list: &str, url: &str) -> bool {
        let list: AllowedEndpoints = list.parse().unwrap();
        list.permits(&Url::parse(url).unwrap())
    }

    #[test]
    fn every_region_and_datacenter_has_a_host_of_its_own() {
        use Datacenter::*;
        let hosts = [Eu1, In1, Us1, Sg1, Aps3, Mec1].map(clevertap);
        let regions = [Region::US, Region::EU, Region::IN].map(mixpanel);
        let all: std::collections::BTreeSet<_> = hosts.into_iter().chain(regions).collect();
        assert_eq!(all.len(), 9);
        assert!(all.iter().all(|url| url.scheme() == "https"));
    }

    #[test]
    fn permits_exactly_what_is_listed() {
        let list = " https://proxy.example.com, http://127.0.0.1:8080 ,,http://[::1]:1/";
        for url in [
            "https://proxy.example.com",
            "https://PROXY.example.com:443/any/path",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
        ] {
            assert!(permits(list, url), "{url}");
            assert!(!permits("", url), "{url}");
        }
        for url in [
            "http://proxy.example.com",
            "https://proxy.example.com:8443",
            "https://proxy.example.com.example.org",
            "https://proxy.example.com@example.org",
            "http://127.0.0.1:80801",
            "http://localhost:8080",
            "ftp://127.0.0.1:8080",
        ] {
            assert!(Url::parse(url).is_err() || !permits(list, url), "{url}");
        }
    }

    #[test]
    fn names_the_entry_that_is_wrong_without_repeating_it() {
        for (list, position) in [
            ("proxy.example.com", 1),
            ("https://a.example.com,https://u:hunter2@b.example.com", 2),
            ("https://a.example.com/v1", 1),
            (",ftp://a.example.com", 2),
            ("https://a.example.com?hunter2", 1),
        ] {
            let error = list.parse::<AllowedEndpoints>().unwrap_err();
            assert_eq!(error.position, position, "{list}");
            let text = format!("{error} {error:?}");
            assert!(
                !text.contains("hunter2") && text.contains(" must "),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(https?://)?\\PC{0,30}") {
            if let Ok(list) = text.parse::<AllowedEndpoints>() {
                prop_assert!(!list.permits(&Url::parse("https://unlisted.example.com:1").unwrap()));
            }
        }
    }
}
