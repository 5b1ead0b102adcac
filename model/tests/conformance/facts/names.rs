//! How names are given, taken away and listed, and what becomes of those who have the file open.

use crate::world::{Calls, World};
use hookstate::kernel::{Access, Errno, FileType, Kernel, OpenHow};
use std::path::Path;

facts! {
    a_missing_parent_is_enoent_for_every_call
    a_file_as_parent_is_enotdir_for_every_call
    stat_follows_the_name_and_fstat_the_file
    rename_replaces_in_one_step
    rename_keeps_the_replaced_file_readable_for_those_who_have_it_open
    rename_moves_between_directories
    rename_of_a_missing_name_is_enoent
    rename_onto_itself_does_nothing
    rename_minds_directories
    exchange_swaps_two_files
    exchange_needs_both_names
    exchange_minds_directories
    unlinked_files_live_on_for_those_who_have_them_open
    a_name_that_is_made_again_names_another_file
    unlink_refuses_directories_and_missing_names
    mkdir_refuses_a_taken_name
    list_gives_every_name_once
    list_refuses_what_is_no_directory
}

fn a_missing_parent_is_enoent_for_every_call<W: World>(world: &W) {
    every_call_under(world, "missing", Errno::NOENT);
}

fn a_file_as_parent_is_enotdir_for_every_call<W: World>(world: &W) {
    let process = world.process();
    process.close(process.create(&world.path("file")));
    every_call_under(world, "file", Errno::NOTDIR);
}

fn stat_follows_the_name_and_fstat_the_file<W: World>(world: &W) {
    let process = world.process();
    let (a, b) = (world.path("a"), world.path("b"));
    let fd = process.create_with(&a, b"four");
    assert_eq!(process.stat(&a), process.fstat(&fd));
    process.close(process.create(&b));
    assert_eq!(process.rename(&b, &a), Ok(()));
    assert_ne!(
        process.stat(&a).unwrap().identity,
        process.fstat(&fd).unwrap().identity
    );
    assert_eq!(process.stat(&a).unwrap().size, 0);
    assert_eq!(process.size(&fd), 4);
}

fn rename_replaces_in_one_step<W: World>(world: &W) {
    let process = world.process();
    let (a, b) = (world.path("a"), world.path("b"));
    process.close(process.create_with(&a, b"old"));
    process.close(process.create_with(&b, b"new"));
    assert_eq!(process.rename(&b, &a), Ok(()));
    assert_eq!(process.content_at(&a), b"new");
    assert_eq!(process.stat(&b), Err(Errno::NOENT));
}

fn rename_keeps_the_replaced_file_readable_for_those_who_have_it_open<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let (a, b) = (world.path("a"), world.path("b"));
    let replaced = q.create_with(&a, b"old");
    p.close(p.create_with(&b, b"new"));
    assert_eq!(p.rename(&b, &a), Ok(()));
    assert_eq!(q.content(&replaced), b"old");
    assert_eq!(q.pwrite(&replaced, b"lost", 0), Ok(4));
    assert_eq!(p.content_at(&a), b"new");
}

fn rename_moves_between_directories<W: World>(world: &W) {
    let process = world.process();
    let (a, sub) = (world.path("a"), world.path("sub"));
    process.close(process.create_with(&a, b"moved"));
    assert_eq!(process.mkdir(&sub, 0o700), Ok(()));
    assert_eq!(process.rename(&a, &sub.join("b")), Ok(()));
    assert_eq!(process.stat(&a), Err(Errno::NOENT));
    assert_eq!(process.content_at(&sub.join("b")), b"moved");
}

fn rename_of_a_missing_name_is_enoent<W: World>(world: &W) {
    let process = world.process();
    let (a, b) = (world.path("a"), world.path("b"));
    process.close(process.create(&a));
    assert_eq!(process.rename(&b, &a), Err(Errno::NOENT));
    assert_eq!(process.rename(&b, &b), Err(Errno::NOENT));
    assert!(process.stat(&a).is_ok());
}

fn rename_onto_itself_does_nothing<W: World>(world: &W) {
    let process = world.process();
    let a = world.path("a");
    process.close(process.create_with(&a, b"kept"));
    assert_eq!(process.rename(&a, &a), Ok(()));
    assert_eq!(process.content_at(&a), b"kept");
}

fn rename_minds_directories<W: World>(world: &W) {
    let process = world.process();
    let (file, empty, full) = (world.path("file"), world.path("empty"), world.path("full"));
    process.close(process.create(&file));
    assert_eq!(process.mkdir(&empty, 0o700), Ok(()));
    assert_eq!(process.mkdir(&full, 0o700), Ok(()));
    process.close(process.create(&full.join("inside")));
    assert_eq!(process.rename(&file, &empty), Err(Errno::ISDIR));
    assert_eq!(process.rename(&empty, &file), Err(Errno::NOTDIR));
    assert_eq!(process.rename(&empty, &full), Err(Errno::NOTEMPTY));
    assert_eq!(process.rename(&full, &full.join("sub")), Err(Errno::INVAL));
    let inside = full.join("inside");
    assert_eq!(process.rename(&inside, &full), Err(Errno::NOTEMPTY));
    assert_eq!(process.rename(&full, &empty), Ok(()));
    assert!(process.stat(&empty.join("inside")).is_ok());
}

fn exchange_swaps_two_files<W: World>(world: &W) {
    let process = world.process();
    let (a, b) = (world.path("a"), world.path("b"));
    let (first, second) = (process.create_with(&a, b"1"), process.create_with(&b, b"2"));
    assert_eq!(process.exchange(&a, &b), Ok(()));
    assert_eq!(process.content_at(&a), b"2");
    assert_eq!(process.content_at(&b), b"1");
    assert_eq!(process.stat(&a), process.fstat(&second));
    assert_eq!(process.stat(&b), process.fstat(&first));
    assert_eq!(process.exchange(&a, &a), Ok(()));
    assert_eq!(process.content_at(&a), b"2");
}

fn exchange_needs_both_names<W: World>(world: &W) {
    let process = world.process();
    let (a, b) = (world.path("a"), world.path("b"));
    process.close(process.create(&a));
    assert_eq!(process.exchange(&a, &b), Err(Errno::NOENT));
    assert_eq!(process.exchange(&b, &a), Err(Errno::NOENT));
    assert!(process.stat(&a).is_ok());
    assert_eq!(process.stat(&b), Err(Errno::NOENT));
}

fn exchange_minds_directories<W: World>(world: &W) {
    let process = world.process();
    let (file, directory) = (world.path("file"), world.path("directory"));
    process.close(process.create_with(&file, b"content"));
    assert_eq!(process.mkdir(&directory, 0o700), Ok(()));
    assert_eq!(process.exchange(&file, &directory), Ok(()));
    assert_eq!(process.content_at(&directory), b"content");
    let inside = file.join("inside");
    process.close(process.create(&inside));
    assert_eq!(process.exchange(&file, &inside), Err(Errno::INVAL));
    assert_eq!(process.exchange(&inside, &file), Err(Errno::INVAL));
}

fn unlinked_files_live_on_for_those_who_have_them_open<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let fd = q.create_with(&path, b"old");
    assert_eq!(p.unlink(&path), Ok(()));
    assert_eq!(q.content(&fd), b"old");
    assert_eq!(q.pwrite(&fd, b"newer", 0), Ok(5));
    assert_eq!(q.size(&fd), 5);
}

fn a_name_that_is_made_again_names_another_file<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let old = q.create_with(&path, b"old");
    assert_eq!(p.unlink(&path), Ok(()));
    let new = p.create_new(&path).unwrap();
    assert_eq!(p.content(&new), b"");
    assert_ne!(
        q.fstat(&old).unwrap().identity,
        p.fstat(&new).unwrap().identity
    );
}

fn unlink_refuses_directories_and_missing_names<W: World>(world: &W) {
    let process = world.process();
    let (sub, missing) = (world.path("sub"), world.path("missing"));
    assert_eq!(process.mkdir(&sub, 0o700), Ok(()));
    assert_eq!(process.unlink(&sub), Err(Errno::ISDIR));
    assert_eq!(process.unlink(&missing), Err(Errno::NOENT));
}

fn mkdir_refuses_a_taken_name<W: World>(world: &W) {
    let process = world.process();
    let (file, sub) = (world.path("file"), world.path("sub"));
    process.close(process.create(&file));
    assert_eq!(process.mkdir(&file, 0o700), Err(Errno::EXIST));
    assert_eq!(process.mkdir(&sub, 0o700), Ok(()));
    assert_eq!(process.mkdir(&sub, 0o700), Err(Errno::EXIST));
    assert_eq!(process.mkdir(Path::new("/"), 0o700), Err(Errno::EXIST));
    assert_eq!(process.stat(&sub).unwrap().file_type, FileType::Directory);
}

fn list_gives_every_name_once<W: World>(world: &W) {
    let process = world.process();
    assert_eq!(process.list(world.directory()), Ok(vec![]));
    for name in ["b", "a", "c.corrupt-1"] {
        process.close(process.create(&world.path(name)));
    }
    assert_eq!(process.mkdir(&world.path("sub"), 0o700), Ok(()));
    let mut names = process.list(world.directory()).unwrap();
    names.sort();
    assert_eq!(names, ["a", "b", "c.corrupt-1", "sub"]);
}

fn list_refuses_what_is_no_directory<W: World>(world: &W) {
    let process = world.process();
    let file = world.path("file");
    process.close(process.create(&file));
    assert_eq!(process.list(&file), Err(Errno::NOTDIR));
    assert_eq!(process.list(&world.path("missing")), Err(Errno::NOENT));
}

fn every_call_under<W: World>(world: &W, parent: &str, errno: Errno) {
    let process = world.process();
    let path = world.path(parent).join("a");
    let existing = world.path("existing");
    process.close(process.create(&existing));
    let create = process.open(&path, OpenHow::or_create(Access::ReadWrite));
    assert_eq!(create.err(), Some(errno));
    assert_eq!(process.create_new(&path).err(), Some(errno));
    assert_eq!(process.open_for(Access::Read, &path).err(), Some(errno));
    assert_eq!(process.stat(&path), Err(errno));
    assert_eq!(process.unlink(&path), Err(errno));
    assert_eq!(process.mkdir(&path, 0o700), Err(errno));
    assert_eq!(process.list(&path), Err(errno));
    assert_eq!(process.rename(&path, &existing), Err(errno));
    assert_eq!(process.rename(&existing, &path), Err(errno));
    assert_eq!(process.exchange(&path, &existing), Err(errno));
    assert_eq!(process.exchange(&existing, &path), Err(errno));
}
