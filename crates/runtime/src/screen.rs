//! What whoever is at the computer sees and is asked.

mod console;
mod words;

use std::time::Duration;

use zeroize::Zeroizing;

pub use console::Console;
pub use words::{bytes, duration};

/// How something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As a matter of fact.
    Plain,
    /// It went well.
    Good,
    /// Somebody has to do something.
    Asking,
    /// It went wrong.
    Bad,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A line without its end; empty when only Enter was pressed.
    Line(String),
    /// Nothing within the time.
    Nothing,
    /// Nobody can answer: there is no keyboard and no serial line.
    Nobody,
}

/// A text screen, or several that show the same.
pub trait Screen {
    /// Says something; the text may have several lines.
    fn say(&mut self, tone: Tone, text: &str);

    /// Says that a step begins: its number of how many, from 1, and its name.
    fn step(&mut self, number: usize, of: usize, name: &str);

    /// Says how much of the step, or of a copy, is done, in bytes.
    fn progress(&mut self, done: u64, total: u64);

    /// Says how the step ended, in a few words.
    fn step_ended(&mut self, tone: Tone, words: &str);

    /// Asks for something that nobody else should see, and that is not shown while it is typed.
    /// `None` when nobody can answer.
    fn ask_secret(&mut self, prompt: &str) -> Option<Zeroizing<String>>;

    /// Asks for a line; an empty prompt only waits. `None` waits for ever.
    fn ask(&mut self, prompt: &str, within: Option<Duration>) -> Asked;
}
