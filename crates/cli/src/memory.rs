//! How much memory this process has had, and that it keeps what it has.

/// Above this size, the largest that it takes, glibc's allocator asks the system for each block and gives it back at once.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_MAPPING: i32 = 32 << 20;

/// Tells the allocator to keep freed memory for the next tensor of that size: a step of training frees and takes the same blocks
/// again and again, and pages that were given back have to be taken from every thread's view, found and zeroed anew.
pub fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "sets two numbers of the C library's allocator")]
    // SAFETY: called before other threads exist; an option that is refused leaves the allocator as it was.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAPPING);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
    }
}

/// The most at any time, where the system tells.
pub fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes << 10)
}
