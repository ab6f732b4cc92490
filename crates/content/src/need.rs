use crate::ContentId;

/// A content that media must hold, and why.
///
/// A definition's needs stand in the order of first use: what an earlier step needs comes before
/// what only a later one does, and each content occurs once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Which content.
    pub content: ContentId,
    /// What needs it first, in words for people: `step 12 "Install Office" (Install Application)`.
    pub first_used_by: String,
}
