//! `TsmBootstrap.ini`: what a medium says of itself before anything is unlocked.

/// What stands in the section `[MediaInfo]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bootstrap {
    /// The media type as sequences know it: `FullMedia`, `OEMMedia`, `BootMedia`, `CaptureMedia`.
    pub media_type: String,
    /// Whether a password protects the sequence and the variables.
    pub password_required: bool,
    /// Whether nobody is asked anything but the password.
    pub unattended: bool,
}

impl Bootstrap {
    /// Reads the file; keys and booleans in any case, other sections and keys are passed over.
    ///
    /// `Err` says what is wrong, without the file's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut bootstrap = Self::default();
        let mut inside = false;
        let mut seen = false;
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with(';') {
                continue;
            }
            if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                inside = section.eq_ignore_ascii_case("MediaInfo");
                seen |= inside;
                continue;
            }
            if !inside {
                continue;
            }
            let (key, value) =
                line.split_once('=').ok_or_else(|| format!("line {number} has no `=`"))?;
            let (key, value) = (key.trim(), value.trim());
            let boolean = || match value.to_ascii_lowercase().as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(format!("line {number}: `{key}` is neither true nor false")),
            };
            match key.to_ascii_lowercase().as_str() {
                "mediatype" => value.clone_into(&mut bootstrap.media_type),
                "passwordrequired" => bootstrap.password_required = boolean()?,
                "unattended" => bootstrap.unattended = boolean()?,
                _ => {}
            }
        }
        if !seen || bootstrap.media_type.is_empty() {
            return Err("there is no section [MediaInfo] with a MediaType".to_owned());
        }
        Ok(bootstrap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_media_say_is_read_whatever_the_case() {
        let text = "\u{feff}; made by hand\r\n[Other]\r\nUnattended=true\r\n[mediainfo]\r\n\
                    mediatype=FullMedia\r\nPASSWORDREQUIRED=True\r\nUnattended=false\r\nX=1\r\n";
        let expected = Bootstrap {
            media_type: "FullMedia".to_owned(),
            password_required: true,
            unattended: false,
        };
        assert_eq!(Bootstrap::parse(text), Ok(expected));
    }

    #[test]
    fn what_is_no_such_file_is_refused_with_its_place() {
        for (text, expected) in [
            ("", "[MediaInfo]"),
            ("[MediaInfo]\nPasswordRequired=true\n", "MediaType"),
            ("[MediaInfo]\nMediaType=FullMedia\nUnattended=maybe\n", "line 3"),
            ("[MediaInfo]\nMediaType\n", "line 2"),
        ] {
            let error = Bootstrap::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }
}
