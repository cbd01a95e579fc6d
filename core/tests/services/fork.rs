//! Work in a forked child.

/// Whether `work` holds in a child that ends without unwinding or running what its parent registered.
pub(crate) fn holds_in_a_child(work: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child runs `work` and leaves at once.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: a child that waits for ever ends.
        unsafe { libc::alarm(60) };
        let held = work();
        // SAFETY: ends the child alone.
        unsafe { libc::_exit(if held { 7 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: waits for the child that was made above.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7
}
