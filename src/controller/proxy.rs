//! The way to the API server leads through no proxy.

use kube::Config;

/// The vendors' proxy isn't the way to the API server, unless the kubeconfig says so.
pub fn direct(mut config: Config) -> Config {
    config.proxy_url = config.proxy_url.filter(|url| !named_by_environment(url));
    config
}

/// Why there is no client. A kubeconfig's proxy URL may hold a password, so it isn't repeated.
pub fn unproxied(error: &kube::Error) -> String {
    match error {
        kube::Error::ProxyProtocolUnsupported { .. }
        | kube::Error::ProxyProtocolDisabled { .. } => {
            "the kubeconfig's proxy-url isn't supported: reach the API server without one"
                .to_owned()
        }
        error => error.to_string(),
    }
}

/// Whether a proxy is the one of `HTTPS_PROXY` and its like, which kube takes over.
fn named_by_environment(proxy: &impl ToString) -> bool {
    let plain = |url: &str| url.trim_end_matches('/').to_owned();
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    let mut named = names.iter().filter_map(|name| std::env::var(name).ok());
    named.any(|url| plain(&url) == plain(&proxy.to_string()))
}
