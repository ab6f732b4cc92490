use std::fs;
use std::path::Path;

use super::kernels::Kernel;

/// The configuration on the EFI system partition: it finds the system and takes its menu.
pub(super) fn finder(uuid: &str) -> String {
    format!(
        "search --no-floppy --fs-uuid --set=root {uuid}\n\
         set prefix=($root)/boot/grub\n\
         configfile ($root)/boot/grub/grub.cfg\n"
    )
}

/// The menu of the system; its first entry is started.
pub(super) fn menu(title: &str, uuid: &str, kernels: &[Kernel], consoles: &[String]) -> String {
    let mut text = format!(
        "# Written when the system was deployed; update-grub writes it anew.\n\
         search --no-floppy --fs-uuid --set=root {uuid}\n\
         set default=0\n\
         set timeout=1\n"
    );
    let consoles: String = consoles.iter().map(|word| format!(" {word}")).collect();
    for (index, Kernel { kernel, initrd }) in kernels.iter().enumerate() {
        let version = kernel.rsplit('/').next().unwrap_or_default();
        let title = if index == 0 { title.to_owned() } else { format!("{title} with {version}") };
        text.push_str(&format!(
            "menuentry '{title}' {{\n    linux {kernel} root=UUID={uuid} ro{consoles}\n    initrd {initrd}\n}}\n"
        ));
    }
    text
}

/// What a system calls itself, fit for a menu.
pub(crate) fn title_of(root: &Path) -> String {
    let is_plain = |c: &char| c.is_ascii_graphic() && !"'\"\\$`".contains(*c) || *c == ' ';
    let name = field(root, "PRETTY_NAME").map(|name| name.chars().filter(is_plain).collect());
    name.filter(|name: &String| !name.is_empty()).unwrap_or_else(|| "Linux".to_owned())
}

/// A field of `os-release`, without quotation marks.
pub(super) fn field(root: &Path, name: &str) -> Option<String> {
    let files = ["usr/lib/os-release", "etc/os-release"];
    let text = files.iter().find_map(|file| fs::read_to_string(root.join(file)).ok())?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned())
}
