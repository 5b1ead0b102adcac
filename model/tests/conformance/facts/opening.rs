//! What an open makes, empties or refuses, and what it opens: a file, a directory, a symbolic link or
//! a FIFO.

#[cfg(target_os = "linux")]
use super::locks::HELD;
use crate::world::{Calls, Planted, World};
use hookstate::kernel::{Access, Create, Errno, FileType, Kernel, OpenHow};

facts! {
    opening_a_missing_name_is_enoent
    creating_opens_what_exists_and_leaves_it_alone
    exclusive_creation_has_one_winner
    a_truncating_open_empties_the_file
    a_symbolic_link_is_not_followed_to_a_file
    a_directory_opens_for_listing_only
    a_file_does_not_open_as_a_directory
    #[cfg(target_os = "linux")]
    a_fifo_opens_and_locks_and_holds_no_state
    a_new_file_is_empty_regular_and_ours
}

fn opening_a_missing_name_is_enoent<W: World>(world: &W) {
    let process = world.process();
    for access in [
        Access::Read,
        Access::ReadWrite,
        Access::Append,
        Access::Directory,
    ] {
        let opened = process.open_for(access, &world.path("a"));
        assert_eq!(opened.err(), Some(Errno::NOENT), "{access:?}");
    }
    assert_eq!(process.stat(&world.path("a")), Err(Errno::NOENT));
}

fn creating_opens_what_exists_and_leaves_it_alone<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let mine = p.create_with(&path, b"content");
    let yours = q.create(&path);
    assert_eq!(q.content(&yours), b"content");
    assert_eq!(
        p.fstat(&mine).unwrap().identity,
        q.fstat(&yours).unwrap().identity
    );
}

fn exclusive_creation_has_one_winner<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    assert!(p.create_new(&path).is_ok());
    assert_eq!(q.create_new(&path).err(), Some(Errno::EXIST));
    assert_eq!(world.plant(Planted::Symlink, &world.path("link")), Ok(()));
    let over_link = q.create_new(&world.path("link"));
    assert_eq!(over_link.err(), Some(Errno::EXIST));
    let over_directory = q.create_new(world.directory());
    assert_eq!(over_directory.err(), Some(Errno::EXIST));
}

fn a_truncating_open_empties_the_file<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let mine = p.create_with(&path, b"content");
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    let how = OpenHow {
        access: Access::ReadWrite,
        create: Create::IfMissing,
        truncate: true,
    };
    assert!(q.open(&path, how).is_ok(), "a lock does not hinder it");
    assert_eq!(p.content(&mine), b"");
}

fn a_symbolic_link_is_not_followed_to_a_file<W: World>(world: &W) {
    let process = world.process();
    let link = world.path("link");
    assert_eq!(world.plant(Planted::Symlink, &link), Ok(()));
    for access in [Access::Read, Access::ReadWrite, Access::Append] {
        let opened = process.open_for(access, &link);
        assert_eq!(opened.err(), Some(Errno::LOOP), "{access:?}");
    }
    let create = process.open(&link, OpenHow::or_create(Access::ReadWrite));
    assert_eq!(create.err(), Some(Errno::LOOP));
    let directory = process.open_for(Access::Directory, &link);
    assert_eq!(directory.err(), Some(Errno::NOENT), "it leads nowhere");
    assert_eq!(process.stat(&link).unwrap().file_type, FileType::Symlink);
    assert_eq!(process.list(&link), Err(Errno::NOENT));
    assert_eq!(process.mkdir(&link, 0o700), Err(Errno::EXIST));
    assert_eq!(process.stat(&link.join("a")), Err(Errno::NOENT));
    assert_eq!(process.unlink(&link), Ok(()));
}

fn a_directory_opens_for_listing_only<W: World>(world: &W) {
    let process = world.process();
    let path = world.directory();
    let directory = process.open_for(Access::Directory, path).unwrap();
    let stat = process.fstat(&directory).unwrap();
    assert_eq!(stat.file_type, FileType::Directory);
    assert_eq!(stat.identity, process.stat(path).unwrap().identity);
    for access in [Access::ReadWrite, Access::Append] {
        let opened = process.open_for(access, path);
        assert_eq!(opened.err(), Some(Errno::ISDIR), "{access:?}");
    }
    let created = process.open(path, OpenHow::or_create(Access::Read));
    assert_eq!(created.err(), Some(Errno::ISDIR));
}

fn a_file_does_not_open_as_a_directory<W: World>(world: &W) {
    let process = world.process();
    let path = world.path("a");
    process.close(process.create(&path));
    let opened = process.open_for(Access::Directory, &path);
    assert_eq!(opened.err(), Some(Errno::NOTDIR));
}

#[cfg(target_os = "linux")]
fn a_fifo_opens_and_locks_and_holds_no_state<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("fifo");
    assert_eq!(world.plant(Planted::Fifo, &path), Ok(()));
    assert_eq!(world.plant(Planted::Fifo, &path), Err(Errno::EXIST));
    let (mine, yours) = (p.create(&path), q.open_for(Access::Read, &path).unwrap());
    let stat = p.fstat(&mine).unwrap();
    assert_eq!((stat.file_type, stat.size), (FileType::Other, 0));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(q.try_shared(&yours), HELD);
    assert_eq!(p.pread(&mine, &mut [0; 4], 0), Err(Errno::SPIPE));
    assert_eq!(p.pwrite(&mine, b"x", 0), Err(Errno::SPIPE));
    assert_eq!(p.ftruncate(&mine, 0), Err(Errno::INVAL));
    assert_eq!(p.fallocate(&mine, 0, 1), Err(Errno::SPIPE));
    assert_eq!(p.fsync(&mine), Err(Errno::INVAL));
    assert_eq!(p.fdatasync(&mine), Err(Errno::INVAL));
    assert_eq!(q.list(&path), Err(Errno::NOTDIR));
    let directory = q.open_for(Access::Directory, &path);
    assert_eq!(directory.err(), Some(Errno::NOTDIR));
}

fn a_new_file_is_empty_regular_and_ours<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create(&world.path("a"));
    let stat = process.fstat(&fd).unwrap();
    assert_eq!(stat.size, 0);
    assert_eq!(stat.file_type, FileType::Regular);
    assert_eq!(stat.uid, process.geteuid());
}
