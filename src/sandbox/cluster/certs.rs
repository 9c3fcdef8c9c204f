//! A certificate authority for one plane: P-256 throughout, valid for ten days.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, Error,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};

const VALID_FOR: Duration = Duration::from_secs(10 * 24 * 3600);
/// Clocks of one machine don't differ, but certificates count in whole seconds.
const VALID_BEFORE: Duration = Duration::from_secs(60);

/// A certificate or public key with its private key, both PEM.
pub struct Pair {
    pub public: String,
    pub private: String,
}

/// Signs the certificates of one plane.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Result<Self, Error> {
        let mut params = params("mixtap-sandbox", None);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        CertifiedIssuer::self_signed(params, KeyPair::generate()?).map(Self)
    }

    /// The authority's own certificate, PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// For a server on this machine: `127.0.0.1` and `localhost`.
    pub fn server(&self) -> Result<Pair, Error> {
        let mut params = params("mixtap-sandbox-server", None);
        let names = CertificateParams::new(["127.0.0.1".into(), "localhost".into()])?;
        params.subject_alt_names = names.subject_alt_names;
        self.sign(params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// For a client: Kubernetes takes the common name for the user, the organization for a group.
    pub fn client(&self, user: &str, group: Option<&str>) -> Result<Pair, Error> {
        self.sign(params(user, group), ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<Pair, Error> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?;
        Ok(Pair {
            public: certificate.pem(),
            private: key.serialize_pem(),
        })
    }
}

/// A bare key pair, with which the API server signs service-account tokens.
pub fn signing_key() -> Result<Pair, Error> {
    let key = KeyPair::generate()?;
    Ok(Pair {
        public: key.public_key_pem(),
        private: key.serialize_pem(),
    })
}

fn params(user: &str, group: Option<&str>) -> CertificateParams {
    let now = SystemTime::now();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, user);
    if let Some(group) = group {
        subject.push(DnType::OrganizationName, group);
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    params.not_before = (now - VALID_BEFORE).into();
    params.not_after = (now + VALID_FOR).into();
    params
}
