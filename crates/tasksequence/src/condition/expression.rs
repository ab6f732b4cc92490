//! The single tests that a condition consists of.

use std::borrow::Cow;

use crate::xml::Element;

/// A single test. Texts are as written; variables inside them are not expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// Compares a task sequence variable.
    Variable {
        /// The name of the variable.
        name: String,
        /// How it is compared.
        comparison: Comparison,
        /// The text it is compared with; empty for `exists` and `notExists`.
        value: String,
    },
    /// Asks whether a WMI query gives at least one row.
    Wmi {
        /// The namespace, such as `root\cimv2`.
        namespace: String,
        /// The query in WQL; `%` in it is a wildcard, never a variable.
        query: String,
    },
    /// Tests the registry.
    Registry(RegistryTest),
    /// Tests a file.
    File(FileTest),
    /// Tests a folder; the version fields are never set.
    Folder(FileTest),
    /// Tests a product of Windows Installer.
    Software(SoftwareTest),
    /// Tests the computer's identity; only inside dynamic rules.
    Computer(ComputerTest),
    /// Tests the computer's make and model; only inside dynamic rules.
    MakeModel(MakeModelTest),
    /// A test of an unknown type; whether it holds cannot be said.
    Unknown {
        /// The `type` attribute as written, empty without one.
        type_name: String,
        /// The fields as written, in document order.
        fields: Vec<(String, String)>,
    },
}

/// How two values are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the operators of the format and say all there is")]
pub enum Comparison {
    Exists,
    NotExists,
    Equals,
    NotEquals,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// With `%` as wildcard in the value.
    Like,
    /// The opposite of `Like`.
    NotLike,
    /// A word that is not known, as written.
    Unknown(String),
}

/// A test of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryTest {
    /// The key, such as `HKEY_LOCAL_MACHINE\Software\Example`.
    pub key_path: String,
    /// The name of the value, empty for the default value.
    pub value_name: String,
    /// The type, such as `REG_SZ`; it counts only for `exists` and `notExists`.
    pub value_type: String,
    /// The data that is compared with, `None` when the document has no such field.
    pub data: Option<String>,
    /// How it is compared.
    pub comparison: Comparison,
}

/// A test of a file or folder; with a path alone it asks whether that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTest {
    /// The path; variables and system environment variables expand in it.
    pub path: String,
    /// The version and how it is compared.
    pub version: Option<(Comparison, String)>,
    /// The time of the last change in UTC, as written, and how it is compared.
    pub date_time: Option<(Comparison, String)>,
}

/// A test of a product of Windows Installer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftwareTest {
    /// `ThisVersion` compares the product code, `AnyVersion` the upgrade code; as written.
    pub operator: String,
    /// The product code.
    pub product_code: String,
    /// The product's name, for display.
    pub product_name: String,
    /// The upgrade code.
    pub upgrade_code: String,
    /// The version, for display.
    pub version: String,
}

/// A test of the computer's identity: it holds when any filled field matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputerTest {
    /// The asset tag.
    pub asset_tag: String,
    /// The MAC address.
    pub mac_address: String,
    /// The serial number.
    pub serial_number: String,
    /// The SMBIOS UUID.
    pub uuid: String,
}

/// A test of the computer's make and model: both must match, with `*` and `?` as wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakeModelTest {
    /// The manufacturer.
    pub make: String,
    /// The model.
    pub model: String,
}

impl Comparison {
    /// Reads an operator in any case; `nonExists` is the documentation's spelling of `notExists`.
    pub fn parse(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "exists" => Self::Exists,
            "notexists" | "nonexists" => Self::NotExists,
            "equals" => Self::Equals,
            "notequals" => Self::NotEquals,
            "less" => Self::Less,
            "lessequal" => Self::LessEqual,
            "greater" => Self::Greater,
            "greaterequal" => Self::GreaterEqual,
            "like" => Self::Like,
            "notlike" => Self::NotLike,
            _ => Self::Unknown(word.to_owned()),
        }
    }
}

impl Expression {
    pub(super) fn of(element: &Element) -> Self {
        let type_name = element.attribute("type").unwrap_or_default();
        let fields = Fields { element };
        let stem = type_name.strip_prefix("SMS_TaskSequence_").unwrap_or(type_name);
        match stem.strip_suffix("ConditionExpression").unwrap_or(stem) {
            "Variable" => Self::Variable {
                name: fields.text("Variable").trim().to_owned(),
                comparison: Comparison::parse(&fields.text("Operator")),
                value: fields.text("Value"),
            },
            "WMI" => Self::Wmi { namespace: fields.text("Namespace"), query: fields.text("Query") },
            "Registry" => Self::Registry(RegistryTest {
                key_path: fields.text("KeyPath"),
                value_name: fields.text("Value"),
                value_type: fields.text("Type"),
                data: fields.get("Data").map(Cow::into_owned),
                comparison: Comparison::parse(&fields.text("Operator")),
            }),
            "File" => Self::File(FileTest {
                path: fields.text("Path"),
                version: fields.compared("Version", "VersionOperator"),
                date_time: fields.compared("DateTime", "DateTimeOperator"),
            }),
            "Folder" => Self::Folder(FileTest {
                path: fields.text("Path"),
                version: None,
                date_time: fields.compared("DateTime", "DateTimeOperator"),
            }),
            "Software" => Self::Software(SoftwareTest {
                operator: fields.text("Operator"),
                product_code: fields.text("ProductCode"),
                product_name: fields.text("ProductName"),
                upgrade_code: fields.text("UpgradeCode"),
                version: fields.text("Version"),
            }),
            "Computer" => Self::Computer(ComputerTest {
                asset_tag: fields.text("AssetTag"),
                mac_address: fields.text("MACAddress"),
                serial_number: fields.text("SerialNumber"),
                uuid: fields.text("UUID"),
            }),
            "MakeModel" => Self::MakeModel(MakeModelTest {
                make: fields.text("Make"),
                model: fields.text("Model"),
            }),
            _ => Self::Unknown { type_name: type_name.to_owned(), fields: fields.all() },
        }
    }
}

/// The `variable` children of an expression.
struct Fields<'a> {
    element: &'a Element,
}

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut variables = self.element.elements().filter(|e| e.name == "variable");
        variables
            .find(|e| e.attribute("name").is_some_and(|n| n.eq_ignore_ascii_case(name)))
            .map(Element::text)
    }

    fn text(&self, name: &str) -> String {
        self.get(name).map(Cow::into_owned).unwrap_or_default()
    }

    fn compared(&self, value: &str, operator: &str) -> Option<(Comparison, String)> {
        let value = self.get(value).filter(|value| !value.is_empty())?;
        Some((Comparison::parse(&self.text(operator)), value.into_owned()))
    }

    fn all(&self) -> Vec<(String, String)> {
        let variables = self.element.elements().filter(|e| e.name == "variable");
        variables
            .map(|e| (e.attribute("name").unwrap_or_default().to_owned(), e.text().into_owned()))
            .collect()
    }
}
