//! What libwim's numbers mean for a caller.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::panic::resume_unwind;
use std::path::Path;

use wimlib_sys as sys;

use super::ffi::Code;
use super::watch::Watch;
use crate::Error;

/// The numbers that say that a WIM contradicts itself.
const DAMAGED: [u32; 14] = [
    sys::wimlib_error_code_WIMLIB_ERR_DECOMPRESSION,
    sys::wimlib_error_code_WIMLIB_ERR_IMAGE_COUNT,
    sys::wimlib_error_code_WIMLIB_ERR_INTEGRITY,
    sys::wimlib_error_code_WIMLIB_ERR_INVALID_HEADER,
    sys::wimlib_error_code_WIMLIB_ERR_INVALID_INTEGRITY_TABLE,
    sys::wimlib_error_code_WIMLIB_ERR_INVALID_LOOKUP_TABLE_ENTRY,
    sys::wimlib_error_code_WIMLIB_ERR_INVALID_METADATA_RESOURCE,
    sys::wimlib_error_code_WIMLIB_ERR_INVALID_RESOURCE_HASH,
    sys::wimlib_error_code_WIMLIB_ERR_INVALID_UTF16_STRING,
    sys::wimlib_error_code_WIMLIB_ERR_METADATA_NOT_FOUND,
    sys::wimlib_error_code_WIMLIB_ERR_RESOURCE_NOT_FOUND,
    sys::wimlib_error_code_WIMLIB_ERR_UNEXPECTED_END_OF_FILE,
    sys::wimlib_error_code_WIMLIB_ERR_WIM_IS_INCOMPLETE,
    sys::wimlib_error_code_WIMLIB_ERR_XML,
];

/// The numbers that say that the host refused something.
const HOST: [u32; 12] = [
    sys::wimlib_error_code_WIMLIB_ERR_LINK,
    sys::wimlib_error_code_WIMLIB_ERR_MKDIR,
    sys::wimlib_error_code_WIMLIB_ERR_MKNOD,
    sys::wimlib_error_code_WIMLIB_ERR_OPEN,
    sys::wimlib_error_code_WIMLIB_ERR_OPENDIR,
    sys::wimlib_error_code_WIMLIB_ERR_READ,
    sys::wimlib_error_code_WIMLIB_ERR_READLINK,
    sys::wimlib_error_code_WIMLIB_ERR_RENAME,
    sys::wimlib_error_code_WIMLIB_ERR_SET_TIMESTAMPS,
    sys::wimlib_error_code_WIMLIB_ERR_STAT,
    sys::wimlib_error_code_WIMLIB_ERR_WRITE,
    sys::wimlib_error_code_WIMLIB_ERR_SET_SECURITY,
];

/// Makes an error of a number; `path` is the file that the call was about.
pub(super) fn failure(code: Code, doing: &'static str, path: &Path) -> Error {
    // Taken first: what follows may call the host.
    let host = io::Error::last_os_error();
    if code.0 == sys::wimlib_error_code_WIMLIB_ERR_ABORTED_BY_PROGRESS {
        return Error::Cancelled;
    }
    let (path, message) = (path.to_owned(), code.message());
    if DAMAGED.contains(&code.0) {
        return Error::Damaged { path, message, code: code.0 };
    }
    let source = HOST.contains(&code.0).then_some(host);
    Error::Library { doing, path, message, code: code.0, source }
}

impl Watch<'_> {
    /// As [`failure`], with the file that libwim named, if it did; goes on with a panic of whoever
    /// was told.
    pub(super) fn failure(self, code: Code, doing: &'static str, path: &Path) -> Error {
        let error = failure(code, doing, self.failed.as_deref().unwrap_or(path));
        match self.panic {
            Some(panic) => resume_unwind(panic),
            None => error,
        }
    }
}

/// A path as libwim takes it.
pub(super) fn path_text(path: &Path) -> Result<CString, Error> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Error::Text {
        text: path.display().to_string(),
        reason: "a path holds no zero byte",
    })
}

/// A text as libwim takes it.
pub(super) fn text(text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::Text {
        text: text.escape_debug().to_string(),
        reason: "it holds a zero byte",
    })
}

/// A path inside an image as libwim takes it: from the root.
pub(super) fn image_path(path: &str) -> Result<CString, Error> {
    text(&format!("/{}", path.trim_matches('/')))
}
