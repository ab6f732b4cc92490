/// The options of a step's command line, in which variables have been expanded.
pub(super) struct CommandWords(Vec<String>);

impl CommandWords {
    /// Splits a command line at blanks outside of quotation marks.
    pub fn of(action: &str) -> Self {
        let mut words = Vec::new();
        let mut word = String::new();
        let mut quoted = false;
        for c in action.chars() {
            match c {
                '"' => quoted = !quoted,
                c if c.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
                c => word.push(c),
            }
        }
        words.push(word);
        Self(words)
    }

    /// What follows an option such as `/image:`, in whatever case it is written.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|word| {
            let start = word.get(..name.len())?;
            start.eq_ignore_ascii_case(name).then(|| &word[name.len()..])
        })
    }
}
