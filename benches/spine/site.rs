//! A site whose contents are the top-level folders of a tree.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::workplace::BenchError;

/// A site with one media definition, `bench`, of one image without limit.
pub struct Site {
    /// Its folder.
    pub folder: PathBuf,
    /// The image that the definition builds.
    pub image: PathBuf,
    /// The digests that builds keep and take.
    pub cache: PathBuf,
}

impl Site {
    /// Makes the site in `folder`: each folder in `tree` becomes a package and a step that needs
    /// it; `boot` is the boot image, `kind` what is written: `iso` or `usb`.
    pub fn make(folder: &Path, tree: &Path, boot: &Path, kind: &str) -> Result<Self, BenchError> {
        for part in ["catalog", "task-sequences", "media", "out"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).map_err(|error| BenchError::at(&part, error))?;
        }
        let boot_parent = parent(boot);
        write(
            &folder.join("site.toml"),
            &format!(
                "[site]\ncode = \"B01\"\nname = \"Benchmark\"\n\n\
                 [[distribution-point]]\nname = \"tree\"\nkind = \"folder\"\npath = {tree:?}\n\n\
                 [[distribution-point]]\nname = \"boot\"\nkind = \"folder\"\npath = {boot_parent:?}\n"
            ),
        )?;
        let boot_name = boot.file_name().unwrap_or_default();
        write(
            &folder.join("catalog/B0100001.toml"),
            &format!(
                "id = \"B0100001\"\nkind = \"boot-image\"\nname = \"Boot image\"\n\
                 source = {boot_name:?}\narchitecture = \"x64\"\nplatform = \"linux\"\n"
            ),
        )?;
        let contents = folders(tree)?;
        let mut references = String::new();
        let mut steps = String::new();
        for (number, name) in contents.iter().enumerate() {
            let id = format!("B01{:05X}", number + 0x100);
            write(
                &folder.join(format!("catalog/{id}.toml")),
                &format!(
                    "id = \"{id}\"\nkind = \"package\"\nname = \"Content {number}\"\n\
                     source = {name:?}\n"
                ),
            )?;
            add_step(&mut references, &mut steps, &id);
        }
        write(
            &folder.join("task-sequences/B0100002.xml"),
            &format!(
                "<sequence version=\"3.10\">\n<referenceList>\n{references}</referenceList>\n\
                 <group name=\"Install\" description=\"\">\n{steps}</group>\n</sequence>\n"
            ),
        )?;
        write(
            &folder.join("media/bench.toml"),
            &format!(
                "[media]\ntype = \"stand-alone\"\ntask-sequence = \"B0100002\"\n\
                 boot-image = \"B0100001\"\nlabel = \"Benchmark\"\n\n\
                 [output]\nkind = \"{kind}\"\npath = \"out/bench.iso\"\nsize = \"unlimited\"\n"
            ),
        )?;
        Ok(Self {
            folder: folder.to_owned(),
            image: folder.join("out/bench.iso"),
            cache: folder.join("digests"),
        })
    }
}

impl Site {
    /// Makes the definition one of prestaged media with every content of `tree` and an OS image of
    /// one small file. Returns the path of the WIM.
    pub fn make_prestaged(&self, tree: &Path) -> Result<PathBuf, BenchError> {
        let os = self.folder.join("os");
        fs::create_dir_all(&os).map_err(|error| BenchError::at(&os, error))?;
        write(&os.join("install.wim"), "")?;
        crate::capture::capture("none", &self.folder.join("media"), &os.join("install.wim"))
            .map_err(|error| BenchError::at(&os, std::io::Error::other(error)))?;
        write(
            &self.folder.join("catalog/B0100003.toml"),
            "id = \"B0100003\"\nkind = \"os-image\"\nname = \"OS\"\nsource = \"os\"\n",
        )?;
        let points = self.folder.join("site.toml");
        let known = fs::read_to_string(&points).map_err(|error| BenchError::at(&points, error))?;
        let own = format!(
            "\n[[distribution-point]]\nname = \"own\"\nkind = \"folder\"\npath = {:?}\n",
            self.folder
        );
        write(&points, &(known + &own))?;
        let count = folders(tree)?.len();
        let packages: Vec<String> =
            (0..count).map(|number| format!("\"B01{:05X}\"", number + 0x100)).collect();
        write(
            &self.folder.join("media/bench.toml"),
            &format!(
                "[media]\ntype = \"prestaged\"\ntask-sequence = \"B0100002\"\n\
                 boot-image = \"B0100001\"\n\n[output]\nkind = \"wim\"\npath = \"out/bench.wim\"\n\n\
                 [image]\nos-image = \"B0100003\"\n\n\
                 [network]\nmanagement-points = [\"http://mp.example.org\"]\n\n\
                 [content]\npackages = [{}]\n",
                packages.join(", ")
            ),
        )?;
        Ok(self.folder.join("out/bench.wim"))
    }
}

fn add_step(references: &mut String, steps: &mut String, id: &str) {
    writeln!(references, "<reference package=\"{id}\" program=\"*\"/>")
        .expect("writing to a string does not fail");
    writeln!(
        steps,
        "<step type=\"SMS_TaskSequence_RunCommandLineAction\" name=\"Run {id}\" description=\"\" \
         successCodeList=\"0 3010\" runIn=\"WinPEandFullOS\" retryCount=\"0\" runFromNet=\"false\">\
         <action>smsswd.exe /run:{id} cmd /c setup.cmd</action><defaultVarList>\
         <variable name=\"CommandLine\" property=\"CommandLine\" hidden=\"true\">cmd /c setup.cmd\
         </variable><variable name=\"PackageID\" property=\"PackageID\" hidden=\"true\">{id}\
         </variable></defaultVarList></step>"
    )
    .expect("writing to a string does not fail");
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).to_owned()
}

fn folders(tree: &Path) -> Result<Vec<String>, BenchError> {
    let at_tree = |error| BenchError::at(tree, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(tree).map_err(at_tree)? {
        names.push(entry.map_err(at_tree)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn write(path: &Path, text: &str) -> Result<(), BenchError> {
    fs::write(path, text).map_err(|error| BenchError::at(path, error))
}
