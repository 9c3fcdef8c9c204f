//! Where the stand-ins are.

use serde::{Deserialize, Serialize};
use url::Url;

/// The base URLs of the stand-ins, each with a closing slash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Urls {
    /// Mixpanel's region US.
    #[serde(with = "text")]
    pub mixpanel: Url,
    #[serde(with = "text")]
    pub mixpanel_eu: Url,
    #[serde(with = "text")]
    pub mixpanel_in: Url,
    #[serde(with = "text")]
    pub clevertap: Url,
    /// Where presigned URLs point.
    #[serde(with = "text")]
    pub storage: Url,
    #[serde(with = "text")]
    pub admin: Url,
}

/// A URL as text in JSON.
mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use url::Url;

    pub fn serialize<S: Serializer>(url: &Url, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(url)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
        Url::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}
