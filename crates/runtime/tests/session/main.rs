//! Whole runs from media that lie in folders: discs, passwords, dates, steps, restarts and damage.

mod copies;
mod discs;
mod media;
mod prestaged;
mod refused;
mod steps;
mod target;

/// A Run Command Line step.
pub fn command(name: &str, line: &str) -> String {
    command_with(name, line, "")
}

/// A Run Command Line step with further attributes.
pub fn command_with(name: &str, line: &str, attributes: &str) -> String {
    let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<step type=\"SMS_TaskSequence_RunCommandLineAction\" name=\"{name}\" \
         successCodeList=\"0 3010\" runIn=\"WinPEandFullOS\" {attributes}>\
         <action>smsswd.exe /run:{line}</action><defaultVarList/></step>"
    )
}
