//! Programs pinned to a core, and what they cost. None outlives this one: each runs behind
//! `mixtap guard`, which ends with our end of its standard input.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::Fallible;

/// The program under test, built with this benchmark's profile.
pub const MIXTAP: &str = env!("CARGO_BIN_EXE_mixtap");

/// The controller: as the image has it, where `MIXTAP_BENCH_CONTROLLER` says where that is.
pub fn controller() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| std::env::var("MIXTAP_BENCH_CONTROLLER").unwrap_or(MIXTAP.to_owned()))
}

/// Where the controller runs, alone.
pub const CONTROLLER: u8 = 0;
/// Where everything else runs.
pub const OTHERS: u8 = 1;
/// The kernel counts CPU time in these for user space, on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// Whether programs can be pinned: util-linux's `taskset` is there, and there are two cores.
pub fn can_pin() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let tried = Command::new("taskset")
            .args(["-c", &OTHERS.to_string(), "true"])
            .stderr(Stdio::null())
            .status();
        tried.is_ok_and(|status| status.success())
    })
}

/// A program behind its guard. Dropping it kills it.
pub struct Pinned {
    guard: Child,
    pub pid: u32,
}

impl Pinned {
    /// `program` is what follows on the command line.
    pub fn start(
        core: u8,
        program: &[&str],
        envs: &[(&str, &Path)],
        stdout: Stdio,
        log: &Path,
    ) -> Fallible<Self> {
        let mut command = Command::new(MIXTAP);
        command.args(["guard", "--"]);
        if can_pin() {
            command.args(["taskset", "-c", &core.to_string()]);
        }
        let log = File::options().create(true).append(true).open(log)?;
        let guard = command
            .args(program)
            .envs(envs.iter().copied())
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(log)
            .spawn()?;
        let pid = child_of(guard.id())?;
        Ok(Self { guard, pid })
    }

    pub fn stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.guard.stdout.take()
    }

    /// CPU seconds so far, user and system.
    pub fn cpu(&self) -> Fallible<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name before it, in parentheses, may hold anything.
        let fields = stat.rsplit_once(')').ok_or("no stat")?.1;
        let fields: Vec<_> = fields.split_whitespace().collect();
        let ticks = |at: usize| -> Fallible<f64> { Ok(fields.get(at).ok_or("no time")?.parse()?) };
        Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
    }

    /// KiB of memory: now (`VmRSS`), or the most since the last reset (`VmHWM`).
    pub fn memory(&self, name: &str) -> Fallible<u64> {
        memory(self.pid, name)
    }

    /// From here on the peak is measured anew.
    pub fn reset_peak(&self) -> Fallible<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.pid), "5")?)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // It ends with the program that it kills.
        let _ = self.guard.wait();
    }
}

/// The same of any process.
pub fn memory(pid: u32, name: &str) -> Fallible<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().ok());
    Ok(number.ok_or("no such figure")?)
}

/// The program below a guard, once it is no longer the one that pins it.
fn child_of(guard: u32) -> Fallible<u32> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        let tasks = fs::read_dir(format!("/proc/{guard}/task"))?.flatten();
        let listed = tasks.map(|task| fs::read_to_string(task.path().join("children")));
        let listed: String = listed.map(Result::unwrap_or_default).collect();
        let pid = listed
            .split_whitespace()
            .next()
            .and_then(|pid| pid.parse().ok());
        if let Some(pid) = pid {
            let name = fs::read_to_string(format!("/proc/{pid}/comm"))?;
            if name.trim() != "taskset" && !name.trim().starts_with("tokio") {
                return Ok(pid);
            }
        }
        sleep(Duration::from_millis(2));
    }
    Err("a program didn't start".into())
}

/// What a stretch of work cost a program.
pub struct Cost {
    pub cpu: f64,
    /// KiB.
    pub peak: u64,
}

/// Measures from now on.
pub struct Meter {
    cpu: f64,
}

impl Meter {
    pub fn start(program: &Pinned) -> Fallible<Self> {
        program.reset_peak()?;
        let cpu = program.cpu()?;
        Ok(Self { cpu })
    }

    pub fn stop(self, program: &Pinned) -> Fallible<Cost> {
        Ok(Cost {
            cpu: program.cpu()? - self.cpu,
            peak: program.memory("VmHWM")?,
        })
    }
}
