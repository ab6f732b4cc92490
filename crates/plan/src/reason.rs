use std::fmt;

/// Why something of a content lies on a disc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// All of it lies here, in its turn.
    Whole {
        /// What needs it first, in words for people.
        first_used_by: String,
        /// The disc before, if this content's turn came there and no file of it fitted.
        no_room_on: Option<u32>,
    },
    /// It starts here in its turn and is too large for what was left of the disc.
    Starts {
        /// What needs it first, in words for people.
        first_used_by: String,
        /// The disc before, if this content's turn came there and no file of it fitted.
        no_room_on: Option<u32>,
        /// The disc that holds more of it.
        next: u32,
    },
    /// It started on an earlier disc.
    Continues {
        /// The disc before this one that holds some of it.
        from: u32,
        /// The disc after this one that holds more of it.
        next: Option<u32>,
    },
    /// It lies on a disc before its turn, because what was left there saves a disc.
    MovedForward {
        /// What needs it first, in words for people.
        first_used_by: String,
        /// The disc that it fills.
        disc: u32,
        /// The disc that holds more of it.
        next: Option<u32>,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { first_used_by, no_room_on } => {
                write!(f, "first used by {first_used_by}; fits whole")?;
                write_no_room(f, *no_room_on)
            }
            Self::Starts { first_used_by, no_room_on, next } => {
                write!(f, "first used by {first_used_by}; continues on disc {next}")?;
                write_no_room(f, *no_room_on)
            }
            Self::Continues { from, next } => {
                write!(f, "continues from disc {from}")?;
                write_next(f, *next)
            }
            Self::MovedForward { first_used_by, disc, next } => {
                write!(f, "first used by {first_used_by}; ")?;
                write!(f, "moved forward to fill disc {disc}: saves a disc")?;
                write_next(f, *next)
            }
        }
    }
}

fn write_no_room(f: &mut fmt::Formatter<'_>, disc: Option<u32>) -> fmt::Result {
    match disc {
        Some(disc) => write!(f, "; nothing of it fitted what was left of disc {disc}"),
        None => Ok(()),
    }
}

fn write_next(f: &mut fmt::Formatter<'_>, disc: Option<u32>) -> fmt::Result {
    match disc {
        Some(disc) => write!(f, "; continues on disc {disc}"),
        None => Ok(()),
    }
}
