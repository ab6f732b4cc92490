//! The task sequence of capture media, which no site holds.

use content::ContentId;
use content::documents::PolicySequence;

/// The id of the built-in task sequence.
const ID: &str = "capture";

/// Prepares the reference computer in its running Windows, restarts it from the media, and makes
/// an image of it. Where the image goes, and under which account, is asked on the target.
const DOCUMENT: &str = r#"<sequence version="3.10">
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
 </group>
 <step type="SMS_TaskSequence_CaptureSystemImageAction" name="Capture the reference computer" description="" successCodeList="0" retryCount="0" runFromNet="false" runIn="WinPE">
  <action>osdcapturesystemimage.exe</action>
  <defaultVarList/>
 </step>
</sequence>"#;

/// The built-in task sequence of capture media.
pub fn capture_sequence(boot_image: Option<ContentId>) -> PolicySequence {
    PolicySequence {
        id: ID.parse().expect("because it is an id"),
        name: "Capture an operating system image".to_owned(),
        boot_image,
        document: DOCUMENT.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tasksequence::TaskSequence;

    use super::*;

    #[test]
    fn the_built_in_sequence_is_one_without_problems_and_references() {
        let sequence = capture_sequence(None);
        let (parsed, problems) = TaskSequence::parse(&sequence.document).unwrap();
        assert_eq!(problems, []);
        assert!(parsed.reference_list().is_none());
        assert_eq!(parsed.walk().len(), 4);
    }
}
