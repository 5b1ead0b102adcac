//! Where statistics files are.

use std::ffi::OsString;
use std::path::PathBuf;

/// The environment variable that names the directory.
const PLUGIN_DATA: &str = "CLAUDE_PLUGIN_DATA";

/// The directory in the user's own.
const IN_HOME: &str = ".codingbuddy";

/// The directory of the statistics files, by the rules of the old program: the one that is given;
/// else the one that `CLAUDE_PLUGIN_DATA` names; else `~/.codingbuddy`. `None` if the user has no
/// directory.
///
/// ```
/// use hookstate::stats::data_dir;
/// use std::path::PathBuf;
///
/// let given = PathBuf::from("/var/lib/statistics");
/// assert_eq!(data_dir(Some(given.clone())), Some(given));
/// ```
#[must_use]
pub fn data_dir(given: Option<PathBuf>) -> Option<PathBuf> {
    data_dir_among(given, std::env::var_os(PLUGIN_DATA), std::env::home_dir())
}

/// As [`data_dir`], in an environment with these values. An empty one counts as none.
#[must_use]
pub fn data_dir_among(
    given: Option<PathBuf>,
    plugin_data: Option<OsString>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    let is_some = |path: &PathBuf| !path.as_os_str().is_empty();
    given
        .filter(is_some)
        .or_else(|| plugin_data.map(PathBuf::from).filter(is_some))
        .or_else(|| home.filter(is_some).map(|home| home.join(IN_HOME)))
}

#[cfg(test)]
mod tests {
    use super::data_dir_among;
    use std::ffi::OsString;
    use std::path::PathBuf;

    #[test]
    fn the_argument_goes_before_the_environment_and_that_before_the_home_directory() {
        let given = || Some(PathBuf::from("/given"));
        let plugin = || Some(OsString::from("/plugin"));
        let home = || Some(PathBuf::from("/home/me"));
        let path = |path: &str| Some(PathBuf::from(path));
        assert_eq!(data_dir_among(given(), plugin(), home()), path("/given"));
        assert_eq!(data_dir_among(None, plugin(), home()), path("/plugin"));
        assert_eq!(
            data_dir_among(None, None, home()),
            path("/home/me/.codingbuddy")
        );
        assert_eq!(data_dir_among(None, None, None), None);
    }

    #[test]
    fn an_empty_value_is_none() {
        let (empty, home) = (|| Some(OsString::new()), Some(PathBuf::from("/home/me")));
        let found = data_dir_among(empty().map(PathBuf::from), empty(), home);
        assert_eq!(found, Some(PathBuf::from("/home/me/.codingbuddy")));
        assert_eq!(data_dir_among(None, None, Some(PathBuf::new())), None);
    }
}
