use crate::read::ReadError;

/// Why a volume cannot be changed as wanted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The volume cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Entries cannot bear the time that the added ones shall have.
    #[error(transparent)]
    Time(#[from] crate::LayoutError),
    /// Only one of its FATs is kept up, which no driver of today does.
    #[error("only one of the volume's FATs is in use")]
    OneActiveFat,
    /// A directory would have more than 65,536 entries.
    #[error("the directory `{path}` would have more than 65,536 entries")]
    DirectoryTooLarge {
        /// Which one; empty for the root.
        path: String,
    },
    /// Where a directory has to be is a file.
    #[error("`{path}` is a file, and has to be a directory")]
    NotADirectory {
        /// Which one.
        path: String,
    },
    /// A name is the short name of another file.
    #[error("`{path}` is what another file of its directory is called in short")]
    NameTaken {
        /// Which name.
        path: String,
    },
}
