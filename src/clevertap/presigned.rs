//! Where a list may be uploaded to: an address that CleverTap names, and therefore isn't trusted
//! to lead into the cluster's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The upload's address, if it is https on a public host. Beside a base URL on loopback (a
/// stand-in) loopback is permitted too, also without TLS. A name isn't resolved here: TLS ties
/// it to a certificate.
pub(super) fn presigned(address: &str, base: &Url) -> Option<Url> {
    let url: Url = address.parse().ok()?;
    let permitted = match reach(&url)? {
        Reach::Public => url.scheme() == "https",
        Reach::Loopback => {
            matches!(url.scheme(), "http" | "https") && reach(base) == Some(Reach::Loopback)
        }
        Reach::Private => false,
    };
    permitted.then_some(url)
}

#[derive(PartialEq)]
enum Reach {
    Public,
    Loopback,
    Private,
}

fn reach(url: &Url) -> Option<Reach> {
    Some(match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            if name == "localhost" || name.ends_with(".localhost") {
                Reach::Loopback
            } else if !name.contains('.') || name.ends_with(".local") || name.ends_with(".internal")
            {
                Reach::Private
            } else {
                Reach::Public
            }
        }
        Host::Ipv4(ip) => of_ip(ip.into()),
        Host::Ipv6(ip) => of_ip(ip.to_canonical()),
    })
}

fn of_ip(ip: IpAddr) -> Reach {
    let private = match ip {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => is_private_v6(ip),
    };
    if ip.is_loopback() {
        Reach::Loopback
    } else if private || ip.is_unspecified() || ip.is_multicast() {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    // Beside what the standard library knows: "this network" and carrier-grade NAT, networks for
    // benchmarks and for protocols, and what is reserved (the broadcast address included).
    let shared = a == 0 || (a == 100 && (64..128).contains(&b));
    let special = (a == 198 && (b & 0xfe) == 18) || (a == 192 && b == 0 && c == 0);
    ip.is_private() || ip.is_link_local() || shared || special || a >= 240
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    let [first, second, third, ..] = ip.segments();
    // Each leads to any IPv4 address: NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), 6to4, and the
    // IPv4-compatible form.
    let nat64 = (first, second) == (0x64, 0xff9b) && third <= 1;
    let compatible = ip.segments()[..6] == [0; 6];
    let site_local = first & 0xffc0 == 0xfec0;
    let local = ip.is_unique_local() || ip.is_unicast_link_local() || site_local;
    local || nat64 || compatible || first == 0x2002
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(base: &str, address: &str) -> bool {
        presigned(address, &base.parse().unwrap()).is_some()
    }

    #[test]
    fn only_public_https_is_permitted() {
        let base = "https://api.clevertap.com";
        assert!(allows(base, "https://bucket.s3.example.com/x?sig=1"));
        assert!(allows(base, "https://203.0.113.9/x"));
        assert!(allows(base, "https://198.20.0.1/x"));
        assert!(allows(base, "https://192.0.2.1/x"));
        assert!(allows(base, "https://[2001:db8::1]/x"));
        for address in [
            "",
            "/relative",
            "ftp://s3.example.com/",
            "http://s3.example.com/",
            "https://localhost/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://[64:ff9b::a00:1]/",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://192.0.0.8/",
            "https://198.18.0.1/",
            "https://198.19.255.255/",
            "https://240.0.0.1/",
            "https://255.255.255.255/",
            "https://[2002:a00:1::]/",
            "https://[fec0::1]/",
            "https://[feff::1]/",
            "https://[64:ff9b:1::1]/",
            "https://[::10.0.0.1]/",
            "https://[::]/",
            "https://kubernetes/",
            "https://kubernetes.default.svc.cluster.local/",
            "https://metadata.google.internal/",
        ] {
            assert!(!allows(base, address), "{address}");
        }
    }

    #[test]
    fn a_stand_in_on_loopback_may_name_loopback() {
        let base = "http://127.0.0.1:8080";
        assert!(allows(base, "http://127.0.0.1:9000/x"));
        assert!(allows(base, "http://localhost:9000/x"));
        assert!(allows(base, "https://[::1]:9000/x"));
        assert!(!allows(base, "http://10.0.0.1/x"));
        assert!(!allows(base, "http://s3.example.com/x"));
        assert!(!allows("https://10.0.0.1", "https://127.0.0.1/x"));
    }
}
