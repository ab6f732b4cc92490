use std::collections::HashSet;
use std::fmt;

use super::names::name_limit;
use super::{Facts, PlannedImage, WimOptions};

/// Why trees cannot become an uncompressed WIM.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// A WIM has at least one image.
    #[error("a WIM needs at least one image")]
    NoImages,
    /// More images than readers take.
    #[error("there are {count} images; a WIM may have {max}")]
    TooManyImages {
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// The image that shall start is not there.
    #[error("image {index} shall start, but there are {count}")]
    BootIndex {
        /// The number that was asked for.
        index: u32,
        /// How many images there are.
        count: usize,
    },
    /// Tools find images by their names, so each has its own.
    #[error("two images are called `{name}`")]
    SameName {
        /// The name of both.
        name: String,
    },
    /// XML cannot hold a text, as it has a control character.
    #[error("the text `{}` of image {image} holds a control character", text.escape_debug())]
    ControlCharacter {
        /// The number of the image, from 1 on.
        image: usize,
        /// The text.
        text: String,
    },
    /// There are other facts than nodes.
    #[error("image {image} has {nodes} files and directories, but facts of {facts}")]
    Facts {
        /// The number of the image, from 1 on.
        image: usize,
        /// The nodes of its tree.
        nodes: usize,
        /// The facts that were given.
        facts: usize,
    },
    /// Names that Windows cannot have: all of them.
    #[error("{}", name_problems(.0))]
    Names(Vec<NameProblem>),
    /// The directory tree takes more bytes than readers take at once.
    #[error("the metadata of image {image} takes {len} bytes; it may take {max}")]
    TreeTooLarge {
        /// The number of the image, from 1 on.
        image: usize,
        /// What its tree takes, in bytes.
        len: u64,
        /// What it may take, in bytes.
        max: u64,
    },
    /// What cannot be divided is longer than a part may be.
    #[error(
        "a part takes at least {len} bytes with what cannot be divided, but {max} are the most"
    )]
    PartTooSmall {
        /// How long a part would be, in bytes.
        len: u64,
        /// How long one may be, in bytes.
        max: u64,
    },
    /// There would be more parts than a header can count.
    #[error("there would be {count} parts; a WIM may have {max}")]
    TooManyParts {
        /// How many there would be.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// The WIM is longer than its format can say.
    #[error("the WIM is longer than the {max} bytes that its format can say")]
    TooLarge {
        /// How long it may be, in bytes.
        max: u64,
    },
}

/// A name that Windows cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameProblem {
    /// The number of the image, from 1 on.
    pub image: usize,
    /// The path of the file or directory.
    pub path: String,
    /// What is wrong with its name.
    pub why: NameLimit,
}

/// What a name breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameLimit {
    /// It has more than 255 UTF-16 units.
    TooLong {
        /// How many it has.
        units: usize,
    },
    /// It holds a character that Windows keeps for itself.
    Character(char),
    /// It ends in a dot or a space, which Windows takes away.
    End,
}

impl fmt::Display for NameLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { units } => {
                write!(f, "the name has {units} UTF-16 units, Windows takes at most 255")
            }
            Self::Character(character) => {
                write!(f, "Windows takes no `{character}` in a name")
            }
            Self::End => write!(f, "Windows takes no name that ends in a dot or a space"),
        }
    }
}

impl fmt::Display for NameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.why)
    }
}

/// How many problems a message lists; the error holds all.
const SHOWN_MAX: usize = 10;

fn name_problems(problems: &[NameProblem]) -> String {
    let shown: Vec<String> = problems.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    let rest = if problems.len() > SHOWN_MAX { "; …" } else { "" };
    format!("{} names cannot be stored: {}{rest}", problems.len(), shown.join("; "))
}

/// Checks everything but lengths.
pub(super) fn check<B>(
    images: &[PlannedImage<B>],
    options: &WimOptions,
) -> Result<(), LayoutError> {
    let (count, max) = (images.len(), crate::read::limits::MAX_IMAGES as usize);
    if count == 0 {
        return Err(LayoutError::NoImages);
    }
    if count > max {
        return Err(LayoutError::TooManyImages { count, max });
    }
    if options.boot_index as usize > count {
        return Err(LayoutError::BootIndex { index: options.boot_index, count });
    }
    let mut names = HashSet::new();
    for (number, image) in (1..).zip(images) {
        check_image(number, image)?;
        let name = &image.texts.name;
        if !name.is_empty() && !names.insert(name) {
            return Err(LayoutError::SameName { name: name.clone() });
        }
    }
    let problems: Vec<NameProblem> =
        (1..).zip(images).flat_map(|(number, image)| problems(number, image)).collect();
    if problems.is_empty() { Ok(()) } else { Err(LayoutError::Names(problems)) }
}

fn check_image<B>(number: usize, image: &PlannedImage<B>) -> Result<(), LayoutError> {
    let texts = &image.texts;
    let texts = [
        &texts.name,
        &texts.description,
        &texts.display_name,
        &texts.display_description,
        &texts.flags,
    ];
    // Tabs and line ends would be allowed, but no tool shows them.
    if let Some(text) = texts.into_iter().find(|text| text.contains(char::is_control)) {
        return Err(LayoutError::ControlCharacter { image: number, text: text.clone() });
    }
    let nodes = image.tree.node_count();
    match &image.facts {
        Facts::Each(facts) if facts.len() != nodes => {
            Err(LayoutError::Facts { image: number, nodes, facts: facts.len() })
        }
        _ => Ok(()),
    }
}

fn problems<B>(number: usize, image: &PlannedImage<B>) -> Vec<NameProblem> {
    let tree = &image.tree;
    let problem = |(node, name): (_, &str)| {
        let why = name_limit(name)?;
        Some(NameProblem { image: number, path: tree.path(node), why })
    };
    tree.nodes().skip(1).map(|(id, node)| (id, &*node.name)).filter_map(problem).collect()
}
