//! What a cut of the power took, for people.

use super::super::content::Content;
use super::super::inode::{InodeNumber, Node};
use super::super::machine::Sim;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

impl Sim {
    /// Which files are not as they were, each in a phrase, when the machine has come up `again`.
    pub(crate) fn losses(&self, again: &Self) -> Vec<String> {
        let (before, after) = (self.files(), again.files());
        let gone = before.keys().filter(|path| !after.contains_key(*path));
        let gone = gone.map(|path| format!("{}: gone", name(path)));
        let others = after.iter().filter_map(|(path, now)| {
            let difference = match before.get(path) {
                None => Some("back".to_owned()),
                Some(then) => difference(then, now),
            };
            Some(format!("{}: {}", name(path), difference?))
        });
        gone.chain(others).collect()
    }

    /// What has a name. Nothing for what is not a file.
    fn files(&self) -> BTreeMap<PathBuf, Option<&Content>> {
        let mut files = BTreeMap::new();
        let mut left = vec![(PathBuf::from("/"), InodeNumber::ROOT)];
        while let Some((path, number)) = left.pop() {
            match &self.inodes[&number].node {
                Node::Directory(entries) => {
                    left.extend(
                        entries
                            .iter()
                            .map(|(name, &file)| (path.join(&**name), file)),
                    );
                    files.insert(path, None);
                }
                Node::Regular(content) => {
                    files.insert(path, Some(content));
                }
                Node::Symlink | Node::Fifo => {
                    files.insert(path, None);
                }
            }
        }
        files
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn difference(then: &Option<&Content>, now: &Option<&Content>) -> Option<String> {
    let (Some(then), Some(now)) = (then, now) else {
        return None;
    };
    let all = |content: &Content| content.read(0, usize::MAX);
    let (size, (then, now)) = (then.size(), (all(then), all(now)));
    if then == now {
        return None;
    }
    let differ: Vec<usize> = (0..then.len().min(now.len()))
        .filter(|&at| then[at] != now[at])
        .collect();
    let bytes = match (differ.first(), differ.last()) {
        (Some(first), Some(last)) => Some(format!("bytes {first}-{last} differ")),
        _ => None,
    };
    let length = (then.len() != now.len()).then(|| format!("{} of {size} bytes", now.len()));
    let both = [length, bytes].into_iter().flatten();
    Some(both.collect::<Vec<_>>().join(", "))
}
