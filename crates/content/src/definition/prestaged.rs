//! What only prestaged media have: the image that is applied in the factory, and who made them.

use crate::ContentId;
use crate::fields::Fields;

/// The OS image on prestaged media: the table `[image]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedImage {
    /// The OS image's object.
    pub os_image: ContentId,
    /// Which image of its WIM is meant, from 1 on; the only one unless said.
    pub index: Option<u32>,
}

/// What people note about prestaged media; each text may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaProperties {
    /// Who made them, at most 50 characters.
    pub created_by: String,
    /// Their version, at most 32 characters.
    pub version: String,
    /// Anything else, at most 127 characters.
    pub comment: String,
}

pub(super) fn image(fields: Fields) -> Option<StagedImage> {
    let os_image = fields.id("os-image");
    let index = fields.number("index");
    fields.finish();
    Some(StagedImage { os_image: os_image?, index })
}

/// Reads the three texts of the table `[media]`.
pub(super) fn properties(fields: &Fields) -> MediaProperties {
    let text = |key: &'static str, max: usize| {
        let Some(field) = fields.get(key) else { return String::new() };
        let text = field.text().unwrap_or_default();
        if text.chars().count() > max {
            let message = format!("has more than {max} characters, which is all that media keep");
            field.wrong("text-length", message, "shorten it");
        }
        if text.chars().any(char::is_control) {
            field.wrong("value", "holds a control character", "write it on one line");
        }
        text.to_owned()
    };
    MediaProperties {
        created_by: text("created-by", 50),
        version: text("version", 32),
        comment: text("comment", 127),
    }
}
