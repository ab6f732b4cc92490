//! Sites: loading them, importing into them, and editing their catalogs.

mod catalog_edit;
mod fixture;
mod import;
mod load;
