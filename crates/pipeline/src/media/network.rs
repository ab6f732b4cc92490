//! What media without content say of the site that they ask.

use std::fmt::Write as _;

use content::{Management, UserDeviceAffinity};

use crate::certificate::MediaCertificate;

/// Management points, and how the media make themselves known to them.
#[derive(Debug)]
pub struct NetworkFacts {
    /// Which management point the media use.
    pub management: Management,
    /// Their addresses in the order of preference.
    pub management_points: Vec<String>,
    /// Whether computers that the site does not know may use the media.
    pub unknown_computers: bool,
    /// Whether the media may make the computer somebody's.
    pub user_device_affinity: UserDeviceAffinity,
    /// The certificate and its key.
    pub certificate: Option<MediaCertificate>,
    /// Certificates of the authorities that management points are trusted by, in DER form.
    pub root_certificates: Vec<Vec<u8>>,
}

impl NetworkFacts {
    /// The media variables that say it; the first five have the field's names, which prestart
    /// commands and task sequences read.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![match self.management {
            Management::SiteBased => ("SMSTSMP", self.management_points.join("*")),
            Management::Dynamic => ("SMSTSLocationMPs", self.management_points.join("*")),
        }];
        if let Some(certificate) = &self.certificate {
            variables.push(("_SMSTSMediaPFX", hex(&certificate.pfx)));
            variables.push(("_TSMMediaPFXPassword", certificate.password.to_string()));
        }
        if !self.root_certificates.is_empty() {
            let roots: Vec<String> = self.root_certificates.iter().map(|der| hex(der)).collect();
            variables.push(("_SMSTSRootCACerts", roots.join("*")));
        }
        variables.push(("_TSMUnknownComputers", self.unknown_computers.to_string()));
        variables.push(("_TSMUserDeviceAffinity", self.user_device_affinity.as_str().to_owned()));
        variables
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02X}").expect("writing to a string does not fail");
    }
    text
}
