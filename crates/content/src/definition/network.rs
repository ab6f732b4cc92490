//! How media without content find their site: management points and certificates.

use std::path::PathBuf;

use jiff::Timestamp;

use super::PasswordSource;
use super::parse::{one_of, password_source};
use crate::fields::{Field, Fields};

/// How media find their management point: the table `[network]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Whether a management point may send the computer to another one.
    pub management: Management,
    /// The addresses of management points, in the order of preference.
    pub management_points: Vec<String>,
}

/// Which management point media use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Management {
    /// The one that the first that answers chooses by the computer's network.
    #[default]
    Dynamic,
    /// The given one only.
    SiteBased,
}

/// Whether media may make the computer somebody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserDeviceAffinity {
    /// No.
    #[default]
    DoNotAllow,
    /// An administrator has to approve it.
    AdministratorApproval,
    /// It is approved without asking.
    AutoApproval,
}

/// The certificate by which media make themselves known: the table `[security.certificate]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Who vouches for it.
    pub kind: CertificateKind,
    /// The PKCS #12 file, relative to the site.
    pub file: PathBuf,
    /// The password of the file; empty unless said.
    pub password: Option<PasswordSource>,
}

/// Who vouches for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateKind {
    /// Nobody but itself; it is made when its file is not there.
    SelfSigned {
        /// When it begins to count; the time of the media unless said.
        valid_from: Option<Timestamp>,
        /// When it ends to count; a year later unless said.
        valid_until: Option<Timestamp>,
    },
    /// A certification authority.
    Pki,
}

impl Management {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dynamic, Self::SiteBased];

    /// The word for it in a definition: `site-based`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dynamic => "dynamic",
            Self::SiteBased => "site-based",
        }
    }
}

impl UserDeviceAffinity {
    /// All three.
    pub const ALL: [Self; 3] = [Self::DoNotAllow, Self::AdministratorApproval, Self::AutoApproval];

    /// The word for it in a definition: `do-not-allow`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DoNotAllow => "do-not-allow",
            Self::AdministratorApproval => "administrator-approval",
            Self::AutoApproval => "auto-approval",
        }
    }
}

impl CertificateKind {
    /// The words for both kinds in a definition.
    pub const NAMES: [&'static str; 2] = ["self-signed", "pki"];
}

pub(super) fn network(fields: Fields) -> Network {
    let management = fields
        .get("management")
        .and_then(|field| one_of(&field, &Management::ALL, Management::as_str));
    let management = management.unwrap_or_default();
    let field = fields.get("management-points");
    let management_points = field.as_ref().map(|field| points(field, management));
    fields.finish();
    Network { management, management_points: management_points.unwrap_or_default() }
}

fn points(field: &Field, management: Management) -> Vec<String> {
    let items = field.items();
    let example = "write [\"http://mp.example.org\"]";
    if items.is_empty() {
        field.wrong("management-points", "names none", example);
    } else if management == Management::SiteBased && items.len() > 1 {
        let message = format!("names {}, but site-based media use one only", items.len());
        field.wrong("management-points", message, "keep one, or write management = \"dynamic\"");
    }
    let address = |item: &Field| {
        let text = item.text()?;
        let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let plain = |c: char| c.is_ascii_graphic() && c != '*';
        if host
            .is_none_or(|host| host.is_empty() || host.starts_with('/') || !host.chars().all(plain))
        {
            let message = "is no address: `http://` or `https://` and the name of a computer";
            item.wrong("management-points", message, example);
        }
        Some(text.to_owned())
    };
    items.iter().filter_map(address).collect()
}

pub(super) fn certificate(fields: Fields) -> Option<Certificate> {
    let word = |field: &Field| one_of(field, &CertificateKind::NAMES, |name| name);
    let kind = fields.get("kind").map_or(Some("self-signed"), |field| word(&field));
    let (from, until) = (fields.get("valid-from"), fields.get("valid-until"));
    let valid_from = from.as_ref().and_then(Field::moment);
    let valid_until = until.as_ref().and_then(Field::moment);
    if let (Some(from), Some(end), Some(field)) = (valid_from, valid_until, &until)
        && from >= end
    {
        let message = format!("`{end}` is not after valid-from `{from}`");
        field.wrong("dates-order", message, "give an end after the start");
    }
    let kind = match kind {
        Some("pki") => {
            for field in from.iter().chain(&until) {
                let message = "a certification authority has set the dates";
                field.wrong("option-of-certificate", message, "remove the key");
            }
            Some(CertificateKind::Pki)
        }
        Some(_) => Some(CertificateKind::SelfSigned { valid_from, valid_until }),
        None => None,
    };
    let file = match fields.get("file") {
        Some(field) => field.text().map(PathBuf::from),
        None => {
            fields.missing("file", "file = \"secrets/media.pfx\"");
            None
        }
    };
    let password = password_source(&fields);
    fields.finish();
    Some(Certificate { kind: kind?, file: file?, password })
}

/// Reports management points that the certificate does not open.
pub(super) fn check_schemes(root: &Fields, network: &Network, certificate: Option<&Certificate>) {
    let is_pki = certificate.is_some_and(|known| known.kind == CertificateKind::Pki);
    let Some(table) = root.peek("network").and_then(|field| field.as_table()) else { return };
    let Some(field) = table.peek("management-points") else { return };
    let rule = "management-point-scheme";
    for point in &network.management_points {
        if point.starts_with("https://") && !is_pki {
            let message = format!("`{point}` wants a certificate of a certification authority");
            field.wrong(rule, message, "give [security.certificate] with kind = \"pki\"");
        } else if point.starts_with("http://") && is_pki {
            let message = format!("`{point}` takes no certificate of a certification authority");
            field.wrong(rule, message, "name one with https://");
        }
    }
}
