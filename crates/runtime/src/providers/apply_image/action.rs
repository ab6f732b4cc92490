use crate::provider::StepFailure;
use crate::providers::command_words::CommandWords;

/// What the command line of an apply step says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApplyAction {
    /// The content with the WIM.
    pub content: String,
    /// The image in it, from 1.
    pub index: u32,
    /// Where it goes.
    pub target: ApplyTarget,
    /// Whether there is an answer file, which only Windows reads.
    pub has_answer_file: bool,
}

/// Where an image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ApplyTarget {
    /// To the next partition that no image was applied to.
    Next,
    /// To this partition of this disk.
    Partition(u32, u32),
    /// To what is mounted at this path.
    Path(String),
}

impl ApplyAction {
    /// Reads the command line, in which variables have been expanded.
    pub fn parse(action: &str) -> Result<Self, StepFailure> {
        let words = CommandWords::of(action);
        let option = |name: &str| words.option(name);
        if option("/install:").is_some() {
            return Err(StepFailure::new(
                "the step installs Windows from its Setup sources (/install), which needs Windows \
                 PE; on Linux apply an image (/image)",
            ));
        }
        let Some(image) = option("/image:").or_else(|| option("/data:")) else {
            return Err(StepFailure::new("the step names no image: /image or /data is missing"));
        };
        let (content, index) = image.split_once(',').unwrap_or((image, "1"));
        let index = index.trim();
        let number = index.parse().ok().filter(|number: &u32| (1..1 << 31).contains(number));
        let Some(index) = number else {
            return Err(StepFailure::new(format!(
                "`{index}` is no number of an image; OSDImageIndex or OSDDataImageIndex has to be \
                 one from 1 on"
            )));
        };
        Ok(Self {
            content: content.trim().to_owned(),
            index,
            target: target(option("/target:").unwrap_or_default())?,
            has_answer_file: option("/config:").is_some(),
        })
    }
}

fn target(text: &str) -> Result<ApplyTarget, StepFailure> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(ApplyTarget::Next);
    }
    if let Some((disk, partition)) = text.split_once(',') {
        let number = |text: &str| text.trim().parse().ok();
        if let (Some(disk), Some(partition)) = (number(disk), number(partition)) {
            return Ok(ApplyTarget::Partition(disk, partition));
        }
    }
    if text.starts_with('/') {
        return Ok(ApplyTarget::Path(text.to_owned()));
    }
    Err(StepFailure::new(format!(
        "`{text}` is no target on Linux, which has no drive letters: name disk and partition as \
         `0,2`, or a variable that Format and Partition Disk has set"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(action: &str) -> Result<ApplyAction, String> {
        ApplyAction::parse(action).map_err(|error| error.reason)
    }

    #[test]
    fn every_form_of_the_command_line_is_read() {
        let action = parsed(
            "OSDApplyOS.exe /image:ABC00001,2 \"/config:ABC00002,my file.xml\" /runfromnet:False \
             /TARGET:1,3",
        );
        let wanted = ApplyAction {
            content: "ABC00001".into(),
            index: 2,
            target: ApplyTarget::Partition(1, 3),
            has_answer_file: true,
        };
        assert_eq!(action, Ok(wanted));
        let action =
            parsed("OSDApplyOS.exe /data:ABC00001 /target:\"/volumes/disk0-part2\"").unwrap();
        assert_eq!((action.index, action.has_answer_file), (1, false));
        assert_eq!(action.target, ApplyTarget::Path("/volumes/disk0-part2".into()));
        assert_eq!(parsed("/image:A,1").unwrap().target, ApplyTarget::Next);
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        for (action, wanted) in [
            ("OSDApplyOS.exe /install:ABC00001,1", "needs Windows PE"),
            ("OSDApplyOS.exe /runfromnet:False", "names no image"),
            ("OSDApplyOS.exe /image:ABC00001,%OSDImageIndex%", "OSDImageIndex"),
            ("OSDApplyOS.exe /image:ABC00001,0", "`0` is no number"),
            ("OSDApplyOS.exe /image:ABC00001,1 /target:C:", "no drive letters"),
            ("OSDApplyOS.exe /image:ABC00001,1 /target:%OSDisk%", "`%OSDisk%` is no target"),
        ] {
            let error = parsed(action).unwrap_err();
            assert!(error.contains(wanted), "{action}: {error}");
        }
    }
}
