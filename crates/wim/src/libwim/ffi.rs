//! The only code that calls libwim: every function of the C library that this crate uses, behind
//! types that keep its promises.
//!
//! What all of it relies on:
//!
//! - A [`Handle`] owns one reference to a `WIMStruct`. libwim counts references, so a handle whose
//!   resources another one exports stays valid as long as either lives.
//! - A `WIMStruct` is used by one thread at a time: every call takes `&mut`, and a raw pointer
//!   makes the handle neither `Send` nor `Sync`.
//! - The progress function runs in the thread of the call, and only during it.
//! - Strings are copied by libwim if it needs them longer than the call.

// The workspace denies unsafe code; a C library can be called in no other way.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use wimlib_sys as sys;

use super::watch::{Progress, Watch};
use crate::Algorithm;

/// libwim's number for what went wrong; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) u32);

pub(super) type Outcome = Result<(), Code>;

fn outcome(code: c_int) -> Outcome {
    match u32::try_from(code) {
        Ok(0) => Ok(()),
        Ok(code) => Err(Code(code)),
        // libwim returns positive numbers only.
        Err(_) => Err(Code(u32::MAX)),
    }
}

impl Code {
    pub(super) fn message(self) -> String {
        // SAFETY: libwim returns a static string for every number, known or not.
        let text = unsafe { CStr::from_ptr(sys::wimlib_get_error_string(self.0)) };
        text.to_string_lossy().trim_end_matches('.').to_owned()
    }
}

/// Makes libwim ready, once.
///
/// Names in images are found whatever their case, as Windows finds them.
fn initialise() -> Outcome {
    static DONE: OnceLock<Outcome> = OnceLock::new();
    *DONE.get_or_init(|| {
        let flags = sys::WIMLIB_INIT_FLAG_DEFAULT_CASE_INSENSITIVE;
        // SAFETY: the function has no requirements, and `OnceLock` calls it once.
        outcome(unsafe { sys::wimlib_global_init(flags as c_int) })
    })
}

fn number(algorithm: Algorithm) -> sys::wimlib_compression_type {
    match algorithm {
        Algorithm::None => sys::wimlib_compression_type_WIMLIB_COMPRESSION_TYPE_NONE,
        Algorithm::Xpress => sys::wimlib_compression_type_WIMLIB_COMPRESSION_TYPE_XPRESS,
        Algorithm::Lzx => sys::wimlib_compression_type_WIMLIB_COMPRESSION_TYPE_LZX,
        Algorithm::Lzms => sys::wimlib_compression_type_WIMLIB_COMPRESSION_TYPE_LZMS,
    }
}

/// Sets the level of all compressors that libwim makes from now on, in every thread; 0 resets it.
pub(super) fn set_level(algorithm: Algorithm, level: u32) -> Outcome {
    let algorithm = number(algorithm) as c_int;
    // SAFETY: the function takes any numbers; it writes a global, which the lock around every
    // compressing write of this crate keeps to one thread.
    outcome(unsafe { sys::wimlib_set_default_compression_level(algorithm, level) })
}

/// A file or tree of the host and where it goes in the image.
pub(super) struct Source {
    pub(super) source: CString,
    pub(super) target: CString,
}

/// A change of an image.
pub(super) enum Command {
    Add { source: CString, target: CString, flags: u32 },
    Delete { path: CString, flags: u32 },
    Rename { from: CString, to: CString },
}

/// A WIM in libwim.
pub(super) struct Handle {
    raw: NonNull<sys::WIMStruct>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle owns this reference and gives it up here.
        unsafe { sys::wimlib_free(self.raw.as_ptr()) }
    }
}

impl Handle {
    /// A WIM without images.
    pub(super) fn create(algorithm: Algorithm) -> Result<Self, Code> {
        initialise()?;
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid place for the pointer.
        outcome(unsafe { sys::wimlib_create_new_wim(number(algorithm), &mut raw) })?;
        Ok(Self { raw: NonNull::new(raw).expect("because the call succeeded") })
    }

    /// The WIM in a file.
    pub(super) fn open(path: &CStr) -> Result<Self, Code> {
        initialise()?;
        let mut raw = ptr::null_mut();
        // SAFETY: the path ends in a zero, and `raw` is a valid place for the pointer.
        outcome(unsafe { sys::wimlib_open_wim(path.as_ptr(), 0, &mut raw) })?;
        Ok(Self { raw: NonNull::new(raw).expect("because the call succeeded") })
    }

    /// Calls `call` with the watch told of its progress.
    fn watched(
        &mut self,
        watch: &mut Watch<'_>,
        call: impl FnOnce(*mut sys::WIMStruct) -> c_int,
    ) -> Outcome {
        let raw = self.raw.as_ptr();
        let context = ptr::from_mut(watch).cast::<c_void>();
        // SAFETY: the watch outlives the call, and the registration ends with it, below; `call`
        // cannot unwind, as it is C code and `progress` catches panics.
        unsafe { sys::wimlib_register_progress_function(raw, Some(progress), context) };
        let code = call(raw);
        // SAFETY: the pointer is valid as long as the handle lives.
        unsafe { sys::wimlib_register_progress_function(raw, None, ptr::null_mut()) };
        outcome(code)
    }

    /// Adds an image of these sources, without reading file data yet.
    pub(super) fn capture(
        &mut self,
        sources: &[Source],
        name: &CStr,
        flags: u32,
        watch: &mut Watch<'_>,
    ) -> Outcome {
        let raw_sources: Vec<sys::wimlib_capture_source> = sources
            .iter()
            .map(|source| sys::wimlib_capture_source {
                fs_source_path: source.source.as_ptr().cast_mut(),
                wim_target_path: source.target.as_ptr().cast_mut(),
                reserved: 0,
            })
            .collect();
        self.watched(watch, |raw| {
            // SAFETY: the array has as many elements as is said; its strings live in `sources` and
            // are not written to, although the C type says so.
            unsafe {
                sys::wimlib_add_image_multisource(
                    raw,
                    raw_sources.as_ptr(),
                    raw_sources.len(),
                    name.as_ptr(),
                    ptr::null(),
                    flags as c_int,
                )
            }
        })
    }

    /// Changes an image, all or nothing.
    pub(super) fn update(
        &mut self,
        image: u32,
        commands: &[Command],
        watch: &mut Watch<'_>,
    ) -> Outcome {
        let raw_commands: Vec<sys::wimlib_update_command> =
            commands.iter().map(raw_command).collect();
        self.watched(watch, |raw| {
            // SAFETY: the array has as many elements as is said; its strings live in `commands` and
            // are not written to, although the C type says so.
            unsafe {
                sys::wimlib_update_image(
                    raw,
                    image as c_int,
                    raw_commands.as_ptr(),
                    raw_commands.len(),
                    0,
                )
            }
        })
    }

    /// Adds an image of this WIM to another one, under its own description.
    pub(super) fn export(&mut self, image: u32, into: &mut Self, name: Option<&CStr>) -> Outcome {
        let name = name.map_or(ptr::null(), CStr::as_ptr);
        let (from, into) = (self.raw.as_ptr(), into.raw.as_ptr());
        // SAFETY: both pointers are valid and differ, as both handles are borrowed mutably; no text
        // stands for the one that the image has.
        outcome(unsafe {
            sys::wimlib_export_image(from, image as c_int, into, name, ptr::null(), 0)
        })
    }

    /// Adds all images of this WIM to another one, each under its own name and description.
    pub(super) fn export_all(&mut self, into: &mut Self) -> Outcome {
        let (from, into) = (self.raw.as_ptr(), into.raw.as_ptr());
        let (all, own) = (sys::WIMLIB_ALL_IMAGES as c_int, ptr::null());
        // SAFETY: both pointers are valid and differ, as both handles are borrowed mutably; no text
        // stands for those that the images have.
        outcome(unsafe { sys::wimlib_export_image(from, all, into, own, own, 0) })
    }

    /// Fixes how whatever is written from now on is compressed, blobs in solid resources too.
    pub(super) fn set_output(
        &mut self,
        algorithm: Algorithm,
        chunk: Option<u32>,
        solid: bool,
    ) -> Outcome {
        let (raw, algorithm) = (self.raw.as_ptr(), number(algorithm));
        // SAFETY: the pointer is valid; libwim checks the numbers.
        unsafe {
            outcome(sys::wimlib_set_output_compression_type(raw, algorithm))?;
            if solid {
                outcome(sys::wimlib_set_output_pack_compression_type(raw, algorithm))?;
            }
            match (chunk, solid) {
                (None, _) => Ok(()),
                (Some(chunk), true) => outcome(sys::wimlib_set_output_pack_chunk_size(raw, chunk)),
                (Some(chunk), false) => outcome(sys::wimlib_set_output_chunk_size(raw, chunk)),
            }
        }
    }

    /// Sets a text of an image in the XML data; an empty one is removed.
    pub(super) fn set_property(&mut self, image: u32, name: &CStr, value: &CStr) -> Outcome {
        // SAFETY: the pointer is valid and both strings end in a zero.
        outcome(unsafe {
            sys::wimlib_set_image_property(
                self.raw.as_ptr(),
                image as c_int,
                name.as_ptr(),
                value.as_ptr(),
            )
        })
    }

    /// Sets which image starts; 0 for none.
    pub(super) fn set_boot_index(&mut self, image: u32) -> Outcome {
        let mut info = self.info();
        info.boot_index = image;
        // SAFETY: the pointer is valid, and `info` is whole.
        outcome(unsafe {
            let what = sys::WIMLIB_CHANGE_BOOT_INDEX as c_int;
            sys::wimlib_set_wim_info(self.raw.as_ptr(), &info, what)
        })
    }

    /// How many images there are.
    pub(super) fn image_count(&mut self) -> u32 {
        self.info().image_count
    }

    /// Which image starts; 0 if none does.
    pub(super) fn boot_index(&mut self) -> u32 {
        self.info().boot_index
    }

    fn info(&mut self) -> sys::wimlib_wim_info {
        // SAFETY: all fields are numbers, for which zeros are values.
        let mut info = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is valid, and `info` is a place for the structure; the call has no
        // way to fail.
        unsafe { sys::wimlib_get_wim_info(self.raw.as_ptr(), &mut info) };
        info
    }

    /// Writes all images to a file.
    pub(super) fn write(
        &mut self,
        path: &CStr,
        flags: u32,
        threads: u32,
        watch: &mut Watch<'_>,
    ) -> Outcome {
        self.watched(watch, |raw| {
            // SAFETY: the path ends in a zero.
            unsafe {
                let (all, flags) = (sys::WIMLIB_ALL_IMAGES, flags as c_int);
                sys::wimlib_write(raw, path.as_ptr(), all, flags, threads)
            }
        })
    }

    /// Writes the WIM in parts whose blobs take at most `bytes`.
    pub(super) fn split(&mut self, path: &CStr, bytes: u64, watch: &mut Watch<'_>) -> Outcome {
        self.watched(watch, |raw| {
            let flags = sys::WIMLIB_WRITE_FLAG_NO_CHECK_INTEGRITY as c_int;
            // SAFETY: the path ends in a zero.
            unsafe { sys::wimlib_split(raw, path.as_ptr(), bytes, flags) }
        })
    }

    /// Takes blobs from these files too: the other parts of a split WIM.
    pub(super) fn reference(&mut self, paths: &[CString]) -> Outcome {
        let pointers: Vec<*const c_char> = paths.iter().map(|path| path.as_ptr()).collect();
        let count = pointers.len() as u32;
        // SAFETY: the array has as many strings as is said, and they live in `paths`.
        outcome(unsafe {
            sys::wimlib_reference_resource_files(self.raw.as_ptr(), pointers.as_ptr(), count, 0, 0)
        })
    }

    /// Extracts an image into a folder.
    pub(super) fn apply(
        &mut self,
        image: u32,
        target: &CStr,
        flags: u32,
        watch: &mut Watch<'_>,
    ) -> Outcome {
        self.watched(watch, |raw| {
            // SAFETY: the path ends in a zero.
            unsafe {
                sys::wimlib_extract_image(raw, image as c_int, target.as_ptr(), flags as c_int)
            }
        })
    }

    /// Reads everything and compares it with its digests.
    pub(super) fn verify(&mut self, watch: &mut Watch<'_>) -> Outcome {
        self.watched(watch, |raw| {
            // SAFETY: the pointer is valid.
            unsafe { sys::wimlib_verify_wim(raw, 0) }
        })
    }
}

fn raw_command(command: &Command) -> sys::wimlib_update_command {
    use sys::wimlib_update_command__bindgen_ty_1 as Body;
    let (op, body) = match command {
        Command::Add { source, target, flags } => {
            let add = sys::wimlib_add_command {
                fs_source_path: source.as_ptr().cast_mut(),
                wim_target_path: target.as_ptr().cast_mut(),
                config_file: ptr::null_mut(),
                add_flags: *flags as c_int,
            };
            (sys::wimlib_update_op_WIMLIB_UPDATE_OP_ADD, Body { add })
        }
        Command::Delete { path, flags } => {
            let delete_ = sys::wimlib_delete_command {
                wim_path: path.as_ptr().cast_mut(),
                delete_flags: *flags as c_int,
            };
            (sys::wimlib_update_op_WIMLIB_UPDATE_OP_DELETE, Body { delete_ })
        }
        Command::Rename { from, to } => {
            let rename = sys::wimlib_rename_command {
                wim_source_path: from.as_ptr().cast_mut(),
                wim_target_path: to.as_ptr().cast_mut(),
                rename_flags: 0,
            };
            (sys::wimlib_update_op_WIMLIB_UPDATE_OP_RENAME, Body { rename })
        }
    };
    sys::wimlib_update_command { op, __bindgen_anon_1: body }
}

/// What libwim calls with its progress.
unsafe extern "C" fn progress(
    message: sys::wimlib_progress_msg,
    info: *mut sys::wimlib_progress_info,
    context: *mut c_void,
) -> sys::wimlib_progress_status {
    // SAFETY: the context is the watch that `watched` registered for the call that is running,
    // which nothing else uses until it returns.
    let watch = unsafe { &mut *context.cast::<Watch<'_>>() };
    // SAFETY: `info` is null or the union of this message, valid during the call.
    let said = unsafe { understood(message, info, watch) };
    let flow = match said {
        Some(said) => catch_unwind(AssertUnwindSafe(|| (watch.observe)(said))),
        None => Ok(ControlFlow::Continue(())),
    };
    match flow {
        Ok(ControlFlow::Continue(())) => {
            sys::wimlib_progress_status_WIMLIB_PROGRESS_STATUS_CONTINUE
        }
        Ok(ControlFlow::Break(())) => sys::wimlib_progress_status_WIMLIB_PROGRESS_STATUS_ABORT,
        Err(panic) => {
            watch.panic = Some(panic);
            sys::wimlib_progress_status_WIMLIB_PROGRESS_STATUS_ABORT
        }
    }
}

/// What a message tells, if it is for whoever is told.
///
/// # Safety
///
/// `info` is null or points to the union with the field of `message`.
unsafe fn understood(
    message: sys::wimlib_progress_msg,
    info: *const sys::wimlib_progress_info,
    watch: &mut Watch<'_>,
) -> Option<Progress> {
    if message == sys::wimlib_progress_msg_WIMLIB_PROGRESS_MSG_WRITE_METADATA_BEGIN {
        if let Some(algorithm) = watch.quick_metadata.take() {
            // A level that cannot be set only costs time.
            let _ = set_level(algorithm, 1);
        }
        return None;
    }
    // SAFETY: see above.
    let info = unsafe { info.as_ref() }?;
    // SAFETY: each arm reads the field that libwim documents for its message.
    unsafe {
        Some(match message {
            sys::wimlib_progress_msg_WIMLIB_PROGRESS_MSG_SCAN_DENTRY => Progress::Scan {
                directories: info.scan.num_dirs_scanned,
                files: info.scan.num_nondirs_scanned,
                bytes: info.scan.num_bytes_scanned,
            },
            sys::wimlib_progress_msg_WIMLIB_PROGRESS_MSG_WRITE_STREAMS => Progress::Write {
                done: info.write_streams.completed_bytes,
                total: info.write_streams.total_bytes,
                stored: info.write_streams.completed_compressed_bytes,
            },
            sys::wimlib_progress_msg_WIMLIB_PROGRESS_MSG_EXTRACT_FILE_STRUCTURE
            | sys::wimlib_progress_msg_WIMLIB_PROGRESS_MSG_EXTRACT_STREAMS
            | sys::wimlib_progress_msg_WIMLIB_PROGRESS_MSG_EXTRACT_METADATA => Progress::Apply {
                done: info.extract.completed_bytes,
                total: info.extract.total_bytes,
            },
            sys::wimlib_progress_msg_WIMLIB_PROGRESS_MSG_VERIFY_STREAMS => Progress::Verify {
                done: info.verify_streams.completed_bytes,
                total: info.verify_streams.total_bytes,
            },
            sys::wimlib_progress_msg_WIMLIB_PROGRESS_MSG_SPLIT_BEGIN_PART => Progress::Part {
                part: info.split.cur_part_number,
                parts: info.split.total_parts,
                done: info.split.completed_bytes,
                total: info.split.total_bytes,
            },
            sys::wimlib_progress_msg_WIMLIB_PROGRESS_MSG_HANDLE_ERROR => {
                // Folders of a file that is in the way are named after it.
                watch.failed = watch.failed.take().or_else(|| path(info.handle_error.path));
                return None;
            }
            _ => return None,
        })
    }
}

/// The path in a string of libwim; None for a null pointer.
///
/// # Safety
///
/// `text` is null or a string that ends in a zero.
unsafe fn path(text: *const c_char) -> Option<PathBuf> {
    if text.is_null() {
        return None;
    }
    // SAFETY: see above.
    let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
    Some(PathBuf::from(OsStr::from_bytes(bytes)))
}

/// Decompresses chunks.
pub(crate) struct Decompressor(NonNull<sys::wimlib_decompressor>);

impl Decompressor {
    /// For chunks of at most `chunk` bytes.
    pub(crate) fn new(algorithm: Algorithm, chunk: u32) -> Result<Self, u32> {
        initialise().map_err(|code| code.0)?;
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid place for the pointer; libwim checks the numbers.
        let code =
            unsafe { sys::wimlib_create_decompressor(number(algorithm), chunk as usize, &mut raw) };
        outcome(code).map_err(|code| code.0)?;
        Ok(Self(NonNull::new(raw).expect("because the call succeeded")))
    }

    /// Fills `out` with what `stored` decompresses to; false if it does not.
    pub(crate) fn decompress(&mut self, stored: &[u8], out: &mut [u8]) -> bool {
        let (from, to) = (stored.as_ptr().cast(), out.as_mut_ptr().cast());
        // SAFETY: both lengths are those of the slices, and the pointer is valid.
        let code =
            unsafe { sys::wimlib_decompress(from, stored.len(), to, out.len(), self.0.as_ptr()) };
        code == 0
    }
}

impl Drop for Decompressor {
    fn drop(&mut self) {
        // SAFETY: the pointer is valid and not used again.
        unsafe { sys::wimlib_free_decompressor(self.0.as_ptr()) }
    }
}

/// Compresses chunks.
pub(super) struct Compressor(NonNull<sys::wimlib_compressor>);

impl Compressor {
    /// For chunks of at most `chunk` bytes; level 0 is that of the process.
    pub(super) fn new(algorithm: Algorithm, chunk: u32, level: u32) -> Result<Self, Code> {
        initialise()?;
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid place for the pointer; libwim checks the numbers.
        outcome(unsafe {
            sys::wimlib_create_compressor(number(algorithm), chunk as usize, level, &mut raw)
        })?;
        Ok(Self(NonNull::new(raw).expect("because the call succeeded")))
    }

    /// Puts what `bytes` compress to into `out` and returns how many bytes that are; None if it
    /// does not fit.
    pub(super) fn compress(&mut self, bytes: &[u8], out: &mut [u8]) -> Option<usize> {
        let (from, to) = (bytes.as_ptr().cast(), out.as_mut_ptr().cast());
        // SAFETY: both lengths are those of the slices, and the pointer is valid.
        let len =
            unsafe { sys::wimlib_compress(from, bytes.len(), to, out.len(), self.0.as_ptr()) };
        (len > 0).then_some(len)
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        // SAFETY: the pointer is valid and not used again.
        unsafe { sys::wimlib_free_compressor(self.0.as_ptr()) }
    }
}

/// The version of libwim that is linked, such as `1.14.4`.
pub(super) fn version() -> String {
    // SAFETY: libwim returns a static string.
    let text = unsafe { CStr::from_ptr(sys::wimlib_get_version_string()) };
    text.to_string_lossy().into_owned()
}
