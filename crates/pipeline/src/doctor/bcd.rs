//! Boot configuration data: which boot loaders the Windows Boot Manager offers, and from where it
//! takes them.
//!
//! A store is a registry hive: `Objects\{guid}` with `Description\Type` and, for each element,
//! `Elements\<number>\Element`. The numbers are those of Microsoft's "Boot Configuration Data in
//! Windows Vista" (BcdBootMgrElementTypes and others).

mod device;

use thiserror::Error;

use super::bytes::{le32, utf16};
use super::hive::{Hive, HiveError, Key};
pub use device::{Device, DeviceError};

/// The Windows Boot Manager's object.
const BOOT_MANAGER: &str = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";

/// Objects that are applications, started by the boot manager, that load Windows.
const OS_LOADER: u32 = 0x1020_0003;

/// BcdLibraryDevice_ApplicationDevice.
const APPLICATION_DEVICE: &str = "11000001";
/// BcdLibraryString_ApplicationPath.
const APPLICATION_PATH: &str = "12000002";
/// BcdLibraryString_Description.
const DESCRIPTION: &str = "12000004";
/// BcdBootMgrObject_DefaultObject.
const DEFAULT: &str = "23000003";
/// BcdBootMgrObjectList_DisplayOrder.
const DISPLAY_ORDER: &str = "24000001";
/// BcdOSLoaderBoolean_WinPEMode.
const WINPE: &str = "26000022";
/// BcdDeviceString_SdiPath, of the options of a RAM disk.
const SDI_PATH: &str = "32000004";

/// Objects that are read: real stores have some thirty.
const OBJECTS_MAX: usize = 256;

/// Why a store cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BcdError {
    /// The hive is damaged.
    #[error(transparent)]
    Hive(#[from] HiveError),
    /// The hive holds something else.
    #[error("the hive has no key `Objects`, so it is no boot configuration data")]
    NotBcd,
    /// There are more objects than are read.
    #[error("it has more than {OBJECTS_MAX} objects")]
    Limit,
}

/// A store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BcdStore {
    /// The boot loaders: the default one first, then those of the menu in its order, then others.
    pub loaders: Vec<BcdLoader>,
}

/// A boot loader of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BcdLoader {
    /// Its GUID with braces.
    pub id: String,
    /// What the menu calls it.
    pub description: Option<String>,
    /// Where the loader lies on its device, with backslashes.
    pub path: Option<String>,
    /// Its device; None if it has none.
    pub device: Option<Result<Device, DeviceError>>,
    /// Where `boot.sdi` lies, which a RAM disk is made with, with backslashes.
    pub sdi_path: Option<String>,
    /// Whether it starts Windows PE.
    pub is_winpe: bool,
    /// Whether it starts unless another is chosen.
    pub is_default: bool,
    /// Whether the menu has it; what has no place there is started by nobody.
    pub is_offered: bool,
}

/// An object of the store: its GUID and its key.
struct Object<'a> {
    id: String,
    key: Key<'a>,
}

impl BcdStore {
    /// Reads a store.
    ///
    /// # Errors
    ///
    /// [`BcdError`] if it is no hive or a damaged one, or holds no boot configuration.
    pub fn parse(bytes: &[u8]) -> Result<Self, BcdError> {
        let root = Hive::open(bytes)?.root()?;
        let objects = root.child("Objects")?.ok_or(BcdError::NotBcd)?.children()?;
        if objects.len() > OBJECTS_MAX {
            return Err(BcdError::Limit);
        }
        let objects = objects.into_iter().map(|key| Ok(Object { id: key.name()?, key }));
        let objects: Vec<Object<'_>> = objects.collect::<Result<_, HiveError>>()?;
        let manager = find(&objects, BOOT_MANAGER);
        let default = manager.map(|m| m.text(DEFAULT)).transpose()?.flatten();
        let order = manager.map(|m| m.texts(DISPLAY_ORDER)).transpose()?.unwrap_or_default();
        let place = |id: &str| order.iter().position(|other| other.eq_ignore_ascii_case(id));
        let mut loaders = Vec::new();
        for object in &objects {
            if object.kind()? == Some(OS_LOADER) {
                let mut loader = loader(object, &objects)?;
                loader.is_default =
                    default.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(&loader.id));
                loader.is_offered = loader.is_default || place(&loader.id).is_some();
                loaders.push(loader);
            }
        }
        loaders.sort_by_key(|loader| {
            (!loader.is_default, place(&loader.id).unwrap_or(usize::MAX), loader.id.clone())
        });
        Ok(Self { loaders })
    }
}

fn loader(object: &Object<'_>, objects: &[Object<'_>]) -> Result<BcdLoader, HiveError> {
    let device = object.element(APPLICATION_DEVICE)?.map(Device::parse);
    let options = match &device {
        Some(Ok(Device::RamDisk { options, .. })) => find(objects, options),
        _ => None,
    };
    Ok(BcdLoader {
        id: object.id.clone(),
        description: object.text(DESCRIPTION)?,
        path: object.text(APPLICATION_PATH)?,
        device,
        sdi_path: options.map(|options| options.text(SDI_PATH)).transpose()?.flatten(),
        is_winpe: object.element(WINPE)?.is_some_and(|value| value.first() == Some(&1)),
        is_default: false,
        is_offered: false,
    })
}

fn find<'o, 'a>(objects: &'o [Object<'a>], id: &str) -> Option<&'o Object<'a>> {
    objects.iter().find(|object| object.id.eq_ignore_ascii_case(id))
}

impl<'a> Object<'a> {
    fn kind(&self) -> Result<Option<u32>, HiveError> {
        let Some(description) = self.key.child("Description")? else { return Ok(None) };
        Ok(description.value("Type")?.and_then(|value| le32(value.data, 0)))
    }

    fn element(&self, number: &str) -> Result<Option<&'a [u8]>, HiveError> {
        let Some(elements) = self.key.child("Elements")? else { return Ok(None) };
        let Some(element) = elements.child(number)? else { return Ok(None) };
        Ok(element.value("Element")?.map(|value| value.data))
    }

    fn text(&self, number: &str) -> Result<Option<String>, HiveError> {
        Ok(self.element(number)?.map(utf16))
    }

    /// Several texts, each with a zero at its end.
    fn texts(&self, number: &str) -> Result<Vec<String>, HiveError> {
        let Some(mut bytes) = self.element(number)? else { return Ok(Vec::new()) };
        let mut texts = Vec::new();
        loop {
            let text = utf16(bytes);
            if text.is_empty() {
                return Ok(texts);
            }
            let taken = 2 * (text.encode_utf16().count() + 1);
            bytes = bytes.get(taken..).unwrap_or_default();
            texts.push(text);
        }
    }
}

#[cfg(test)]
mod tests;
