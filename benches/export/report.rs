//! The table, and the page that keeps it.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use crate::Fallible;

const PAGE: &str = "docs/benchmarks.md";
pub const PLOT: &str = "docs/benchmarks.svg";
const BEGIN: &str = "<!-- written by the benchmark -->";
const END: &str = "<!-- until here -->";
const HEAD: &str = "\
| Scenario | Members | Seconds | Members/s | CPU s per million | Peak MiB | Requests (minimum) | API writes a run | |
|---|---:|---:|---:|---:|---:|---:|---:|---|
";

/// What a scenario measured; what it didn't is absent.
#[derive(Default)]
pub struct Row {
    pub members: Option<u64>,
    /// From the first request to the last answer.
    pub seconds: Option<f64>,
    /// CPU seconds.
    pub cpu: Option<f64>,
    /// Peak memory in KiB.
    pub peak: Option<u64>,
    /// Requests made, and the fewest that would do.
    pub requests: Option<(u64, u64)>,
    /// Versions of the object per run.
    pub writes: Option<f64>,
    pub note: String,
}

impl Row {
    pub fn failed(why: &dyn std::fmt::Display) -> Self {
        Row {
            note: format!(
                "**not done**: {}",
                why.to_string().replace(['|', '\n'], " ")
            ),
            ..Row::default()
        }
    }

    /// Members a second.
    pub fn rate(&self) -> Option<f64> {
        let (members, seconds) = (self.members?, self.seconds?);
        (seconds > 0.0).then(|| members as f64 / seconds)
    }

    /// One line of the table.
    pub fn line(&self, name: &str) -> String {
        // Of small cohorts it would say nothing.
        let large = self.members.filter(|members| *members >= 10_000);
        let per_million = self.cpu.zip(large);
        let cells = [
            name.to_owned(),
            self.members.map_or_else(String::new, grouped),
            self.seconds.map_or_else(String::new, |s| format!("{s:.2}")),
            self.rate()
                .map_or_else(String::new, |rate| grouped(rate as u64)),
            match per_million {
                Some((cpu, members)) => format!("{:.2}", cpu * 1e6 / members as f64),
                None => self
                    .cpu
                    .map_or_else(String::new, |cpu| format!("({cpu:.2} in all)")),
            },
            self.peak
                .map_or_else(String::new, |kib| format!("{:.1}", kib as f64 / 1024.0)),
            self.requests
                .map_or_else(String::new, |(made, least)| match least {
                    0 => grouped(made),
                    least => format!("{} ({})", grouped(made), grouped(least)),
                }),
            self.writes
                .map_or_else(String::new, |writes| format!("{writes:.1}")),
            self.note.clone(),
        ];
        format!("| {} |", cells.join(" | "))
    }
}

/// The table with the machine, the date and the command.
pub fn page(rows: &[(String, Row)], pinned: bool) -> String {
    let args: Vec<_> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let command = format!("cargo bench -- {}", args.join(" "));
    let mut text = format!(
        "{}, {}. `{}`, {}.\n\n{HEAD}",
        machine(),
        jiff::Zoned::now().strftime("%Y-%m-%d"),
        command.trim_end_matches([' ', '-']),
        if pinned {
            "pinned: the controller on core 0, all else on core 1"
        } else {
            "**not pinned**: `taskset` is missing"
        },
    );
    for (name, row) in rows {
        let _ = writeln!(text, "{}", row.line(name));
    }
    text
}

/// Puts the table where the last one was.
pub fn keep(root: &Path, table: &str) -> Fallible<()> {
    let file = root.join(PAGE);
    let old = fs::read_to_string(&file)?;
    let (before, rest) = old
        .split_once(BEGIN)
        .ok_or("the page has lost its marker")?;
    let (_, after) = rest.split_once(END).ok_or("the page has lost its marker")?;
    Ok(fs::write(
        file,
        format!("{before}{BEGIN}\n\n{table}\n{END}{after}"),
    )?)
}

/// CPU model, cores and kernel.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find(|line| line.starts_with("model name"));
    let model = model
        .and_then(|line| line.split_once(": "))
        .map_or("a CPU", |(_, model)| model);
    // Not as many as this process may use, which is one.
    let cores = cpu
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let kernel = Command::new("uname").arg("-sr").output();
    let kernel = kernel.map_or_else(
        |_| String::new(),
        |out| String::from_utf8_lossy(&out.stdout).trim().to_owned(),
    );
    format!("{model}, {cores} cores, {kernel}")
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
