//! The directory records of ISO 9660 and Joliet directories.

use image::{NodeId, NodeKind, ValidTree};

use crate::format::ecma119::{
    DirectoryRecord, FLAG_DIRECTORY, FLAG_MULTI_EXTENT, Namespace, PARENT, SECTION_LEN_MAX, SELF,
};
use crate::format::output::{Buffer, Counter, Output};
use crate::format::{BLOCK, susp};
use crate::layout::{Plan, Records, len_of};

/// The longest directory record: its length field has 8 bits, and lengths are even.
const RECORD_LEN_MAX: usize = 254;

/// How long a directory is, in whole blocks.
pub(crate) struct RecordsLen {
    pub(crate) records: u64,
    pub(crate) continuation: u64,
}

/// Measures the records of the directory with this number.
pub(crate) fn measure<B>(
    tree: &ValidTree<B>,
    plan: &Plan,
    number: usize,
    namespace: Namespace,
) -> RecordsLen {
    let (mut records, mut continuation) = (Counter::default(), Counter::default());
    Encoder::new(tree, plan, number, namespace, &mut records, &mut continuation).put();
    RecordsLen { records: records.position(), continuation: continuation.position() }
}

/// Appends the records of the directory with this number and its continuation areas.
pub(super) fn encode<B>(
    tree: &ValidTree<B>,
    plan: &Plan,
    number: usize,
    namespace: Namespace,
    out: &mut Vec<u8>,
) {
    let mut continuation = Vec::new();
    let mut records = Buffer::new(out);
    let areas = &mut Buffer::new(&mut continuation);
    Encoder::new(tree, plan, number, namespace, &mut records, areas).put();
    out.append(&mut continuation);
}

struct Encoder<'a, B, O> {
    tree: &'a ValidTree<B>,
    plan: &'a Plan,
    node: NodeId,
    namespace: Namespace,
    place: Records,
    records: &'a mut O,
    continuation: &'a mut O,
    identifier: Vec<u8>,
    system_use: Vec<u8>,
    spilled: Vec<u8>,
}

impl<'a, B, O: Output> Encoder<'a, B, O> {
    fn new(
        tree: &'a ValidTree<B>,
        plan: &'a Plan,
        number: usize,
        namespace: Namespace,
        records: &'a mut O,
        continuation: &'a mut O,
    ) -> Self {
        let node = plan.directories[number].node;
        Self {
            tree,
            plan,
            node,
            namespace,
            place: plan.records_of(node, namespace),
            records,
            continuation,
            identifier: Vec::new(),
            system_use: Vec::new(),
            spilled: Vec::new(),
        }
    }

    fn put(&mut self) {
        let (tree, plan) = (self.tree, self.plan);
        let content = tree.node(self.node);
        let NodeKind::Directory(entry) = &content.kind else { return };
        self.put_directory(self.node, Some(SELF));
        self.put_directory(content.parent, Some(PARENT));
        let children = match self.namespace {
            Namespace::Primary => plan.names.iso_children(entry),
            Namespace::Joliet => plan.names.joliet_children(entry),
        };
        for &child in children {
            match tree.node(child).kind {
                NodeKind::Directory(_) => self.put_directory(child, None),
                NodeKind::File { .. } => self.put_file(child),
            }
        }
        self.records.pad_to_block();
        self.continuation.pad_to_block();
    }

    /// Puts the record of a directory, which is this one or its parent if it has a `special`
    /// identifier.
    fn put_directory(&mut self, directory: NodeId, special: Option<&[u8]>) {
        self.identifier.clear();
        match special {
            Some(identifier) => self.identifier.extend_from_slice(identifier),
            None => self.put_identifier(directory, false),
        }
        let is_root = special == Some(SELF) && directory == NodeId::ROOT;
        self.put_system_use(directory, special.is_none(), is_root);
        let place = self.plan.records_of(directory, self.namespace);
        self.put_record(place.first, place.len(), FLAG_DIRECTORY);
    }

    /// Puts the records of a file: one for each section, all but the last marked.
    fn put_file(&mut self, file: NodeId) {
        self.identifier.clear();
        self.put_identifier(file, true);
        let len = len_of(self.tree, file).0;
        let block = self.plan.file_block(file);
        let mut start = 0;
        loop {
            let section = (len - start).min(SECTION_LEN_MAX);
            let is_last = start + section == len;
            let flags = if is_last { 0 } else { FLAG_MULTI_EXTENT };
            self.put_system_use(file, true, false);
            let first = block.wrapping_add((start / BLOCK) as u32);
            self.put_record(first, section as u32, flags);
            start += section;
            if is_last {
                return;
            }
        }
    }

    fn put_identifier(&mut self, node: NodeId, is_file: bool) {
        match self.namespace {
            Namespace::Primary => {
                self.identifier.extend_from_slice(self.plan.names.iso(node));
                if is_file {
                    self.identifier.extend_from_slice(b";1");
                }
            }
            // Without a version, as Windows and Linux show it; both accept either.
            Namespace::Joliet => {
                self.plan.names.put_joliet(self.tree, node, &mut self.identifier);
            }
        }
    }

    fn put_record(&mut self, extent: u32, data_len: u32, flags: u8) {
        let (identifier, system_use) = (&*self.identifier, &*self.system_use);
        DirectoryRecord { extent, data_len, flags, identifier, system_use }
            .put(self.plan.created, self.records);
    }

    /// Makes the system use field of a record; what does not fit goes to the continuation area.
    fn put_system_use(&mut self, node: NodeId, has_name: bool, is_root: bool) {
        self.system_use.clear();
        if self.namespace != Namespace::Primary || !self.plan.options.rock_ridge {
            return;
        }
        if is_root {
            susp::sharing_protocol(&mut self.system_use);
        }
        let directory = matches!(self.tree.node(node).kind, NodeKind::Directory(_));
        let links = if directory { 2 + self.plan.directory(node).subdirectories } else { 1 };
        susp::posix_attributes(directory, links, &mut self.system_use);
        susp::time_stamps(self.plan.created, &mut self.system_use);
        self.spilled.clear();
        if has_name {
            let name = self.plan.names.rock_ridge(self.tree, node);
            let head_len = DirectoryRecord::head_len(&self.identifier);
            let room = RECORD_LEN_MAX - head_len - self.system_use.len();
            let fits = susp::NM_HEAD_LEN + name.len() <= room;
            let entries = if fits { &mut self.system_use } else { &mut self.spilled };
            susp::alternate_name(name, entries);
        }
        if is_root {
            susp::extensions_reference(&mut self.spilled);
        }
        self.put_continuation();
    }

    /// Puts the spilled entries into the continuation area, within one block: Linux reads no
    /// others.
    fn put_continuation(&mut self) {
        if self.spilled.is_empty() {
            return;
        }
        let len = self.spilled.len();
        self.continuation.fit_into_block(len as u64);
        let position = self.continuation.position();
        self.continuation.put(&self.spilled);
        let area = self.place.first.wrapping_add(self.place.blocks);
        let block = area.wrapping_add((position / BLOCK) as u32);
        let offset = (position % BLOCK) as u32;
        susp::continuation(block, offset, len as u32, &mut self.system_use);
    }
}
