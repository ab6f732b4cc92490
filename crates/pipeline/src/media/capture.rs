//! The task sequence of capture media, which no site holds.

use content::documents::PolicySequence;
use content::{BootPlatform, ContentId};

/// The id of the built-in task sequence.
const ID: &str = "capture";

/// Prepares the reference computer in its running Windows, before it starts from the media.
const PREPARE: &str = r#"
 <group name="Prepare the reference computer" description="">
  <condition><expression type="SMS_TaskSequence_VariableConditionExpression"><variable name="Operator">notEquals</variable><variable name="Value">TRUE</variable><variable name="Variable">_SMSTSInWinPE</variable></expression></condition>
  <step type="SMS_TaskSequence_PrepareSMSClientAction" name="Prepare the client for capture" description="" successCodeList="0" retryCount="0" runFromNet="false" runIn="FullOS">
   <action>osdpreparesmsclient.exe</action>
   <defaultVarList/>
  </step>
  <step type="SMS_TaskSequence_PrepareOSAction" name="Generalise Windows" description="" successCodeList="0" retryCount="0" runFromNet="false" runIn="FullOS">
   <action>osdprepareos.exe /activate:%OSDKeepActivation% /bmsd:%OSDBuildStorageDriverList% /shutdown:%OSDShutdownPreparedOs%</action>
   <defaultVarList>
    <variable name="OSDBuildStorageDriverList" property="BuildStorageDriverList">false</variable>
    <variable name="OSDKeepActivation" property="KeepActivation">false</variable>
    <variable name="OSDShutdownPreparedOs" property="ShutdownPreparedOs">false</variable>
   </defaultVarList>
  </step>
 </group>"#;

/// Makes an image of it. Where the image goes is asked on the target.
const CAPTURE: &str = r#"
 <step type="SMS_TaskSequence_CaptureSystemImageAction" name="Capture the reference computer" description="" successCodeList="0" retryCount="0" runFromNet="false" runIn="WinPE">
  <action>osdcapturesystemimage.exe</action>
  <defaultVarList/>
 </step>
"#;

/// The built-in task sequence of capture media with this boot image. A Linux has nothing to prepare
/// before it starts from the media.
pub fn capture_sequence(
    boot_image: Option<ContentId>,
    platform: Option<BootPlatform>,
) -> PolicySequence {
    let prepare = if platform == Some(BootPlatform::Linux) { "" } else { PREPARE };
    PolicySequence {
        id: ID.parse().expect("because it is an id"),
        name: "Capture an operating system image".to_owned(),
        boot_image,
        document: format!("<sequence version=\"3.10\">{prepare}{CAPTURE}</sequence>"),
    }
}

#[cfg(test)]
mod tests {
    use tasksequence::TaskSequence;

    use super::*;

    #[test]
    fn the_built_in_sequence_is_one_without_problems_and_references() {
        for (platform, items) in
            [(None, 4), (Some(BootPlatform::WinPe), 4), (Some(BootPlatform::Linux), 1)]
        {
            let sequence = capture_sequence(None, platform);
            let (parsed, problems) = TaskSequence::parse(&sequence.document).unwrap();
            assert_eq!(problems, []);
            assert!(parsed.reference_list().is_none());
            assert_eq!(parsed.walk().len(), items);
        }
    }
}
