//! What must hold of every file, whatever is reported in it.

use quick_xml::events::{BytesStart, Event};

/// Every tag is closed by its own, and every attribute has a value.
pub(crate) fn assert_well_formed(text: &str) {
    each_tag(text, |tag| {
        tag.attributes()
            .for_each(|attribute| drop(attribute.unwrap()));
    });
}

/// Whoever opens a page may be without a network, and has to be able to trust it.
pub(crate) fn assert_self_contained(text: &str) {
    for foreign in ["http:", "https:", "url(", "@import"] {
        assert!(!text.contains(foreign), "{foreign}");
    }
    each_tag(text, |tag| {
        assert!(![&b"script"[..], b"link", b"img", b"iframe"].contains(&tag.name().as_ref()));
        for attribute in tag.attributes() {
            let key = attribute.unwrap().key;
            let key = key.as_ref();
            assert!(!key.starts_with(b"on") && ![&b"src"[..], b"href"].contains(&key));
        }
    });
}

/// HTML does not close `meta`; every other tag has to be closed by its own.
fn each_tag(text: &str, mut look: impl FnMut(&BytesStart<'_>)) {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut open = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                look(&tag);
                if tag.name().as_ref() != b"meta" {
                    open.push(tag.name().as_ref().to_vec());
                }
            }
            Event::End(tag) => assert_eq!(open.pop().as_deref(), Some(tag.name().as_ref())),
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open, Vec::<Vec<u8>>::new());
}

/// The one who judges is on trial too.
#[test]
#[should_panic(expected = "assertion")]
fn a_tag_that_is_not_closed_is_noticed() {
    assert_well_formed("<p><b></p>");
}

#[test]
#[should_panic(expected = "assertion")]
fn a_page_that_loads_something_is_noticed() {
    assert_self_contained("<p><img src=\"logo.png\"></img></p>");
}
