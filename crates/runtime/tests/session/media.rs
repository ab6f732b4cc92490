//! Media for tests: the folders of a set's discs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use content::documents::{PolicyDocument, PolicySequence, PrestartCommand, VariablesDocument};
use content::manifest::{
    MEDIA_FORMAT, MEDIA_VERSION, ManifestContent, ManifestLine, ManifestPart, ManifestPrestaged,
    MediaManifest, NamedId, content_file_path, content_manifest_path, part_path,
};
use content::{CatalogObject, ContentId, Digest, StripeSums, envelope};
use sha2::{Digest as _, Sha256};

/// A file of a content, and where it lies.
#[derive(Clone)]
pub struct MediaFile {
    pub path: String,
    pub bytes: Vec<u8>,
    /// The disc of each piece, and how long it is; one piece is a whole file.
    pub pieces: Vec<(u32, usize)>,
}

/// A set of media in the making.
#[derive(Clone)]
pub struct Media {
    pub sequence: String,
    pub children: Vec<(String, String)>,
    pub objects: Vec<CatalogObject>,
    pub contents: BTreeMap<String, Vec<MediaFile>>,
    pub discs: u32,
    pub password: Option<String>,
    pub unattended: bool,
    /// As `TsmBootstrap.ini` says it.
    pub media_type: &'static str,
    pub valid: (Option<String>, Option<String>),
    pub variables: Vec<(String, String)>,
    pub prestart: Option<String>,
    pub label: String,
    /// The OS image of prestaged media, which hold no task sequence.
    pub prestaged: Option<&'static str>,
    /// The versions of contents that are not the first ones.
    pub versions: BTreeMap<String, u32>,
}

impl Media {
    /// Media of one disc with these steps in a sequence.
    pub fn with(steps: &str) -> Self {
        Self {
            sequence: format!("<sequence version=\"3.10\">{steps}</sequence>"),
            children: Vec::new(),
            objects: Vec::new(),
            contents: BTreeMap::new(),
            discs: 1,
            password: None,
            unattended: true,
            media_type: "FullMedia",
            valid: (None, None),
            variables: Vec::new(),
            prestart: None,
            label: "Test".to_owned(),
            prestaged: None,
            versions: BTreeMap::new(),
        }
    }

    /// Prestaged media without contents.
    pub fn prestaged(os_image: &'static str) -> Self {
        Self {
            media_type: "OEMMedia",
            label: "Factory".to_owned(),
            prestaged: Some(os_image),
            ..Self::with("")
        }
    }

    /// Adds a whole file to a content.
    pub fn file(&mut self, id: &str, path: &str, bytes: impl Into<Vec<u8>>, disc: u32) {
        let bytes = bytes.into();
        let pieces = vec![(disc, bytes.len())];
        self.cut_file(id, path, bytes, pieces);
    }

    /// Adds a file that lies in pieces.
    pub fn cut_file(&mut self, id: &str, path: &str, bytes: Vec<u8>, pieces: Vec<(u32, usize)>) {
        self.discs = pieces.iter().map(|(disc, _)| *disc).max().unwrap_or(1).max(self.discs);
        let file = MediaFile { path: path.to_owned(), bytes, pieces };
        self.contents.entry(id.to_owned()).or_default().push(file);
    }

    /// Writes the folders of the discs below `folder` and returns them.
    pub fn write(&self, folder: &Path) -> Vec<PathBuf> {
        let discs: Vec<PathBuf> =
            (1..=self.discs).map(|disc| folder.join(format!("disc{disc}"))).collect();
        let mut contents = Vec::new();
        for (id, files) in &self.contents {
            let id: ContentId = id.parse().unwrap();
            let lines: Vec<ManifestLine> = files
                .iter()
                .enumerate()
                .map(|(number, file)| write_file(&discs, &id, number, file))
                .collect();
            let mut manifest = Vec::new();
            lines.iter().for_each(|line| line.write(&mut manifest).unwrap());
            for disc in &discs {
                write(&disc.join(content_manifest_path(&id)), &manifest);
            }
            let mut held: Vec<u32> =
                files.iter().flat_map(|file| file.pieces.iter().map(|(disc, _)| *disc)).collect();
            held.sort_unstable();
            held.dedup();
            contents.push(ManifestContent {
                kind: "package".to_owned(),
                name: "Package".to_owned(),
                version: self.versions.get(id.as_str()).copied().unwrap_or(1),
                id,
                files: files.len() as u64,
                bytes: files.iter().map(|file| file.bytes.len() as u64).sum(),
                manifest_sha256: digest(&manifest),
                discs: held,
                partition: None,
            });
        }
        let kind = if self.prestaged.is_some() { "prestaged" } else { "stand-alone" };
        let set = digest(format!("{}{}", self.sequence, self.label).as_bytes());
        for (number, disc) in (1..).zip(&discs) {
            let media = MediaManifest {
                format: MEDIA_FORMAT.to_owned(),
                version: MEDIA_VERSION,
                set,
                disc: number,
                discs: self.discs,
                media_type: kind.to_owned(),
                label: self.label.clone(),
                created: "2026-11-21T09:00:00Z".to_owned(),
                valid_from: self.valid.0.clone(),
                valid_until: self.valid.1.clone(),
                task_sequence: Some(NamedId { id: "P0100100".to_owned(), name: "Test".to_owned() }),
                prestaged: self.prestaged.map(|os_image| ManifestPrestaged {
                    os_image: os_image.parse().unwrap(),
                    index: 1,
                    created_by: String::new(),
                    version: String::new(),
                    comment: String::new(),
                }),
                boot_image: None,
                contents: contents.clone(),
                disc_manifests: vec![Digest::UNKNOWN; self.discs as usize],
            };
            write(&disc.join("SMS/data/media.json"), &serde_json::to_vec(&media).unwrap());
        }
        self.write_documents(&discs[0]);
        discs
    }

    fn write_documents(&self, disc: &Path) {
        let sequence = |id: &str, document: &str| PolicySequence {
            id: id.parse().unwrap(),
            name: "Test".to_owned(),
            boot_image: None,
            document: document.to_owned(),
        };
        let children = self.children.iter().map(|(id, document)| sequence(id, document));
        let sequences = [sequence("P0100100", &self.sequence)].into_iter().chain(children);
        let policy =
            PolicyDocument { sequences: sequences.collect(), objects: self.objects.clone() };
        let prestart = self.prestart.clone();
        let variables = VariablesDocument {
            variables: self.variables.clone(),
            prestart: prestart.map(|command| PrestartCommand { command, package: None }),
        };
        let sealed = self.password.is_some();
        let protect = |text: String, salt| match &self.password {
            Some(password) => envelope::seal(text.as_bytes(), password, [salt; 16]),
            None => text.into_bytes(),
        };
        let data = disc.join("SMS/data");
        if self.prestaged.is_none() {
            write(&data.join("policy.xml"), &protect(policy.to_xml(sealed), 1));
        }
        write(&data.join("variables.dat"), &protect(variables.to_xml(sealed), 2));
        let bootstrap = format!(
            "[MediaInfo]\r\nMediaType={}\r\nPasswordRequired={sealed}\r\nUnattended={}\r\n",
            self.media_type, self.unattended
        );
        write(&data.join("TsmBootstrap.ini"), bootstrap.as_bytes());
    }
}

fn write_file(discs: &[PathBuf], id: &ContentId, number: usize, file: &MediaFile) -> ManifestLine {
    let line = ManifestLine {
        path: file.path.clone(),
        size: file.bytes.len() as u64,
        sha256: digest(&file.bytes),
        crc32: StripeSums::default(),
        disc: None,
        parts: Vec::new(),
    };
    if let [(disc, _)] = file.pieces[..] {
        let path = discs[disc as usize - 1].join(content_file_path(id, &file.path));
        if file.path.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            write(&path, &file.bytes);
        }
        return ManifestLine { disc: Some(disc), ..line };
    }
    let mut at = 0;
    let part = |(part, (disc, len)): (usize, &(u32, usize))| {
        let bytes = &file.bytes[at..at + len];
        let path = part_path(id, number, part);
        write(&discs[*disc as usize - 1].join(&path), bytes);
        let piece = ManifestPart {
            disc: *disc,
            path,
            offset: at as u64,
            length: *len as u64,
            sha256: digest(bytes),
            crc32: StripeSums::default(),
        };
        at += len;
        piece
    };
    ManifestLine { parts: file.pieces.iter().enumerate().map(part).collect(), ..line }
}

fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
