//! Paths of any bytes in a state.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A path of any bytes, which comes back from a state as it went in.
///
/// In JSON it is a string if it is UTF-8, and a list of its bytes otherwise. serde would refuse a
/// `PathBuf` that is not UTF-8.
///
/// ```
/// use hookstate::guard::AnyPath;
/// use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let odd = AnyPath::from(Path::new(OsStr::from_bytes(b"a\xff")));
/// assert_eq!(serde_json::to_string(&odd)?, "[97,255]");
/// assert_eq!(serde_json::from_str::<AnyPath>("[97,255]")?, odd);
/// assert_eq!(serde_json::to_string(&AnyPath::from(Path::new("a/b")))?, r#""a/b""#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnyPath(PathBuf);

impl AnyPath {
    /// The path itself.
    #[must_use]
    pub fn into_path(self) -> PathBuf {
        self.0
    }
}

impl AsRef<Path> for AnyPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl From<PathBuf> for AnyPath {
    fn from(path: PathBuf) -> Self {
        Self(path)
    }
}

impl From<&Path> for AnyPath {
    fn from(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl Serialize for AnyPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_str() {
            Some(text) => serializer.serialize_str(text),
            None => self.0.as_os_str().as_bytes().serialize(serializer),
        }
    }
}

/// How a path is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Bytes(Vec<u8>),
}

impl<'de> Deserialize<'de> for AnyPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Form::deserialize(deserializer)? {
            Form::Text(text) => PathBuf::from(text),
            Form::Bytes(bytes) => PathBuf::from(OsString::from_vec(bytes)),
        }))
    }
}
