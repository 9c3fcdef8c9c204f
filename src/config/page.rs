//! The leader's page, and the Service that leads to it.

use std::net::{IpAddr, SocketAddr};

use clap::Args;

use super::namespace;

/// Where the page is, and how others find it.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Page")]
pub struct PageArgs {
    /// Address of the leader's read-only page, over plain HTTP without a password. None is served
    /// without it
    #[arg(long, env = "MIXTAP_PAGE_ADDRESS", value_name = "IP:PORT")]
    pub page_address: Option<SocketAddr>,

    /// A Service without a selector, in the Lease's namespace, that shall lead to the leader's page:
    /// the leader keeps the EndpointSlice of this name. It needs --pod-ip
    #[arg(long, env = "MIXTAP_PAGE_SERVICE", value_name = "NAME", value_parser = service)]
    pub page_service: Option<String>,

    /// The address of this pod, its `status.podIP`, where --page-service leads to
    #[arg(long, env = "MIXTAP_POD_IP", value_name = "IP")]
    pub pod_ip: Option<IpAddr>,
}

impl PageArgs {
    /// Where the Service leads to, if there is to be one: the page, by the pod's address.
    #[must_use]
    pub fn endpoint(&self) -> Option<(&str, SocketAddr)> {
        let service = self.page_service.as_deref()?;
        let port = self.page_address?.port();
        Some((service, SocketAddr::new(self.pod_ip?, port)))
    }

    /// Checks that a Service can lead to the page.
    ///
    /// # Errors
    /// A sentence that names the flags at odds.
    pub fn validate(&self) -> Result<(), String> {
        if self.page_service.is_none() {
            return Ok(());
        }
        let page = self
            .page_address
            .ok_or("--page-service needs --page-address: without it there is no page to lead to")?;
        if page.ip().is_loopback() || page.port() == 0 {
            return Err(format!(
                "--page-service needs a --page-address with a fixed port that other pods reach, such \
                 as 0.0.0.0:8081 or [::]:8081; {page} isn't one"
            ));
        }
        let pod = self.pod_ip.ok_or(
            "--page-service needs --pod-ip: set MIXTAP_POD_IP from the pod's status.podIP",
        )?;
        if !is_endpoint(pod) {
            return Err(format!(
                "--pod-ip must be the address by which other pods reach this one; {pod} isn't one"
            ));
        }
        // [::] listens for both families.
        if page.ip().is_unspecified() && page.is_ipv4() && pod.is_ipv6() {
            return Err(format!(
                "--page-address={page} doesn't listen for --pod-ip={pod}: make it [::]:{}",
                page.port()
            ));
        }
        Ok(())
    }
}

/// A Service is named by a DNS label.
fn service(name: &str) -> Result<String, String> {
    namespace(name).map_err(|_| "not a Service's name: 1 to 63 of a-z, 0-9 and inner -".to_owned())
}

/// What the API server takes as an address in an EndpointSlice.
fn is_endpoint(ip: IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !(ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || link_local)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Run {
        #[command(flatten)]
        page: PageArgs,
    }

    fn parse(flags: &str) -> PageArgs {
        let line = ["run"].into_iter().chain(flags.split_whitespace());
        Run::try_parse_from(line).expect("well-formed").page
    }

    #[test]
    fn a_service_leads_to_the_page_by_the_pods_address() {
        for (flags, leads) in [
            (
                "--page-address=0.0.0.0:8081 --pod-ip=10.1.2.3",
                "10.1.2.3:8081",
            ),
            (
                "--page-address=[::]:8081 --pod-ip=10.1.2.3",
                "10.1.2.3:8081",
            ),
            ("--page-address=[::]:80 --pod-ip=fd00::1", "[fd00::1]:80"),
            (
                "--page-address=10.1.2.3:80 --pod-ip=10.1.2.3",
                "10.1.2.3:80",
            ),
        ] {
            let args = parse(&format!("--page-service=mixtap-page {flags}"));
            assert_eq!(args.validate(), Ok(()), "{flags}");
            let leads = leads.parse().expect("an address");
            assert_eq!(args.endpoint(), Some(("mixtap-page", leads)));
            assert_eq!(parse(flags).validate(), Ok(()));
            assert_eq!(parse(flags).endpoint(), None);
        }
    }

    #[test]
    fn what_cannot_lead_there_is_refused_by_name() {
        for (flags, says) in [
            ("--pod-ip=10.1.2.3", "needs --page-address"),
            ("--page-address=0.0.0.0:8081", "needs --pod-ip"),
            (
                "--page-address=127.0.0.1:8081 --pod-ip=10.1.2.3",
                "127.0.0.1:8081 isn't",
            ),
            (
                "--page-address=[::1]:8081 --pod-ip=fd00::1",
                "[::1]:8081 isn't",
            ),
            ("--page-address=0.0.0.0:0 --pod-ip=10.1.2.3", "fixed port"),
            (
                "--page-address=0.0.0.0:8081 --pod-ip=fd00::1",
                "make it [::]:8081",
            ),
            (
                "--page-address=[::]:8081 --pod-ip=127.0.0.1",
                "127.0.0.1 isn't",
            ),
            ("--page-address=[::]:8081 --pod-ip=::1", "::1 isn't"),
            ("--page-address=[::]:8081 --pod-ip=0.0.0.0", "0.0.0.0 isn't"),
            (
                "--page-address=[::]:8081 --pod-ip=169.254.1.1",
                "169.254.1.1 isn't",
            ),
            ("--page-address=[::]:8081 --pod-ip=fe80::1", "fe80::1 isn't"),
            (
                "--page-address=[::]:8081 --pod-ip=224.0.0.1",
                "224.0.0.1 isn't",
            ),
        ] {
            let args = parse(&format!("--page-service=mixtap-page {flags}"));
            let refused = args.validate().expect_err(flags);
            assert!(refused.contains(says), "{flags}: {refused}");
        }
    }

    #[test]
    fn a_service_has_a_name() {
        for bad in ["", "a.b", "A", "-a"] {
            let refused = Run::try_parse_from(["run", &format!("--page-service={bad}")]);
            assert!(
                refused.is_err_and(|e| e.to_string().contains("Service's name")),
                "{bad}"
            );
        }
    }
}
