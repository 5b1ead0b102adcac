//! What is in a file after a write, an append or a change of its size, and what a read gives.

use crate::world::{Calls, World};
use hookstate::kernel::{Access, Call, Errno, Kernel, OpenHow, Watched, Watcher, Way};

facts! {
    reading_at_the_end_gives_nothing
    a_write_beyond_the_end_leaves_zeros
    a_hole_of_a_terabyte_reads_as_zeros
    a_write_inside_leaves_the_rest
    a_short_write_does_not_truncate
    an_empty_write_changes_nothing
    an_append_goes_to_the_end_wherever_that_is_by_then
    pwrite_on_an_append_descriptor_goes_to_the_end
    ftruncate_cuts_and_extends_with_zeros
    read_only_descriptors_do_not_write
    directories_are_not_written_or_read
    fallocate_changes_neither_size_nor_content
    offsets_beyond_the_signed_range_are_einval
    syncing_succeeds_for_files_and_directories
}

fn reading_at_the_end_gives_nothing<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"content");
    let mut into = [0xff; 16];
    assert_eq!(process.pread(&fd, &mut into, 3), Ok(4));
    assert_eq!(&into[..5], b"tent\xff");
    assert_eq!(process.pread(&fd, &mut into, 7), Ok(0));
    assert_eq!(process.pread(&fd, &mut into, 99), Ok(0));
    assert_eq!(process.pread(&fd, &mut [], 0), Ok(0));
}

fn a_write_beyond_the_end_leaves_zeros<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"ab");
    assert_eq!(process.pwrite(&fd, b"z", 5000), Ok(1));
    assert_eq!(process.size(&fd), 5001);
    let mut expected = vec![0; 5001];
    expected[..2].copy_from_slice(b"ab");
    expected[5000] = b'z';
    assert_eq!(process.content(&fd), expected);
}

fn a_hole_of_a_terabyte_reads_as_zeros<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"a");
    let far = 1 << 40;
    assert_eq!(process.pwrite(&fd, b"z", far), Ok(1));
    assert_eq!(process.size(&fd), far + 1);
    let mut into = [0xff; 8];
    assert_eq!(process.pread(&fd, &mut into, far / 2), Ok(8));
    assert_eq!(into, [0; 8]);
    assert_eq!(process.pread(&fd, &mut into, far - 1), Ok(2));
    assert_eq!(&into[..2], b"\0z");
    assert_eq!(process.ftruncate(&fd, 2), Ok(()));
    assert_eq!(process.content(&fd), b"a\0");
}

fn a_write_inside_leaves_the_rest<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"0123456789");
    assert_eq!(process.pwrite(&fd, b"ab", 0), Ok(2));
    assert_eq!(process.pwrite(&fd, b"yz", 6), Ok(2));
    assert_eq!(process.content(&fd), b"ab2345yz89");
}

fn a_short_write_does_not_truncate<W: World>(world: &W) {
    let process = Watched::new(world.process(), ThreeBytes);
    let path = world.path("a");
    let before = world.process();
    before.close(before.create_with(&path, b"0123456789"));
    let fd = process.create(&path);
    assert_eq!(process.pwrite(&fd, b"abcdefgh", 0), Ok(3));
    assert_eq!(process.size(&fd), 10);
    assert_eq!(before.content_at(&path), b"abc3456789");
    assert_eq!(process.pread(&fd, &mut [0; 10], 0), Ok(3));
}

fn an_empty_write_changes_nothing<W: World>(world: &W) {
    let process = world.process();
    let path = world.path("a");
    let fd = process.create_with(&path, b"content");
    assert_eq!(process.pwrite(&fd, b"", 0), Ok(0));
    assert_eq!(process.pwrite(&fd, b"", 100), Ok(0));
    let appending = process.open_for(Access::Append, &path).unwrap();
    assert_eq!(process.append(&appending, b""), Ok(0));
    assert_eq!(process.content(&fd), b"content");
}

fn an_append_goes_to_the_end_wherever_that_is_by_then<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let mine = p.open(&path, OpenHow::or_create(Access::Append)).unwrap();
    let yours = q.open_for(Access::Append, &path).unwrap();
    assert_eq!(p.append(&mine, b"one "), Ok(4));
    assert_eq!(q.append(&yours, b"two "), Ok(4));
    assert_eq!(p.append(&mine, b"three"), Ok(5));
    assert_eq!(q.content(&yours), b"one two three");
    assert_eq!(p.ftruncate(&mine, 4), Ok(()));
    assert_eq!(q.append(&yours, b"four"), Ok(4));
    assert_eq!(p.content(&mine), b"one four");
}

fn pwrite_on_an_append_descriptor_goes_to_the_end<W: World>(world: &W) {
    let process = world.process();
    let path = world.path("a");
    process.close(process.create_with(&path, b"start"));
    let fd = process.open_for(Access::Append, &path).unwrap();
    assert_eq!(process.pwrite(&fd, b" end", 0), Ok(4));
    assert_eq!(process.content(&fd), b"start end");
}

fn ftruncate_cuts_and_extends_with_zeros<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"0123456789");
    assert_eq!(process.ftruncate(&fd, 4), Ok(()));
    assert_eq!(process.content(&fd), b"0123");
    assert_eq!(process.ftruncate(&fd, 6), Ok(()));
    assert_eq!(process.content(&fd), b"0123\0\0");
    assert_eq!(process.ftruncate(&fd, 5000), Ok(()));
    assert_eq!(process.size(&fd), 5000);
    assert_eq!(process.ftruncate(&fd, 0), Ok(()));
    assert_eq!(process.content(&fd), b"");
}

fn read_only_descriptors_do_not_write<W: World>(world: &W) {
    let process = world.process();
    let path = world.path("a");
    process.close(process.create_with(&path, b"kept"));
    let fd = process.open_for(Access::Read, &path).unwrap();
    assert_eq!(process.pwrite(&fd, b"x", 0), Err(Errno::BADF));
    assert_eq!(process.append(&fd, b"x"), Err(Errno::BADF));
    assert_eq!(process.fallocate(&fd, 0, 10), Err(Errno::BADF));
    assert_eq!(process.ftruncate(&fd, 0), Err(Errno::INVAL));
    assert_eq!(process.content(&fd), b"kept");
}

fn directories_are_not_written_or_read<W: World>(world: &W) {
    let process = world.process();
    let fd = process
        .open_for(Access::Directory, world.directory())
        .unwrap();
    assert_eq!(process.pread(&fd, &mut [0; 4], 0), Err(Errno::ISDIR));
    assert_eq!(process.pwrite(&fd, b"x", 0), Err(Errno::BADF));
    assert_eq!(process.ftruncate(&fd, 0), Err(Errno::INVAL));
}

fn fallocate_changes_neither_size_nor_content<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"content");
    let reserved = process.fallocate(&fd, 0, 100_000);
    // Some file systems have none; the protocols must do without.
    assert!(
        matches!(reserved, Ok(()) | Err(Errno::OPNOTSUPP)),
        "{reserved:?}"
    );
    assert_eq!(process.content(&fd), b"content");
    assert_eq!(process.fallocate(&fd, 0, 0), Err(Errno::INVAL));
}

fn offsets_beyond_the_signed_range_are_einval<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create(&world.path("a"));
    let beyond = 1 << 63;
    assert_eq!(process.pread(&fd, &mut [0; 4], beyond), Err(Errno::INVAL));
    assert_eq!(process.pwrite(&fd, b"x", beyond), Err(Errno::INVAL));
    assert_eq!(process.ftruncate(&fd, beyond), Err(Errno::INVAL));
}

fn syncing_succeeds_for_files_and_directories<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"content");
    assert_eq!(process.fdatasync(&fd), Ok(()));
    assert_eq!(process.fsync(&fd), Ok(()));
    let directory = process
        .open_for(Access::Directory, world.directory())
        .unwrap();
    assert_eq!(process.fsync(&directory), Ok(()));
}

/// Lets every transfer move three bytes at most.
struct ThreeBytes;

impl Watcher for ThreeBytes {
    fn before(&self, _call: &Call<'_>) -> Way {
        Way::Short(3)
    }
}
