//! What a sync shows: bars on a terminal while runs are under way, and lines as they end.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio_util::task::AbortOnDropHandle;

use super::report::{Line, Report};
use crate::config::SyncOutput;
use crate::domain::counts::thousands;
use crate::domain::printable;
use crate::export::{Progress, Step};

const REDRAW: Duration = Duration::from_millis(100);
/// Of a bar's hundred: until when members are read, and until when profiles are sent.
const READ: u64 = 60;
const SENT: u64 = 95;
const ALL: u64 = 100;

/// Where a sync is shown.
pub struct Screen {
    output: SyncOutput,
    bars: MultiProgress,
}

/// The bar of one run, until it is dropped.
pub struct Bar {
    bar: ProgressBar,
    _drawing: AbortOnDropHandle<()>,
}

impl Screen {
    /// Bars are drawn on standard error where that is a terminal and people read along.
    pub fn new(output: SyncOutput) -> Self {
        let shown = output == SyncOutput::Text && io::stderr().is_terminal();
        let target = match shown {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        Self {
            output,
            bars: MultiProgress::with_draw_target(target),
        }
    }

    /// A bar for a run of this name. `members`: as many as its cohort had last.
    pub fn bar(&self, name: &str, members: Option<u64>, progress: &Progress) -> Bar {
        let bar = self.bars.add(ProgressBar::new(ALL));
        let style = ProgressStyle::with_template("{prefix} [{bar:30}] {msg}");
        bar.set_style(style.expect("a template").progress_chars("=> "));
        bar.set_prefix(printable(name).into_owned());
        draw(&bar, members, progress);
        let (drawn, progress) = (bar.clone(), progress.clone());
        let drawing = tokio::spawn(async move {
            loop {
                tokio::time::sleep(REDRAW).await;
                draw(&drawn, members, &progress);
            }
        });
        Bar {
            bar,
            _drawing: AbortOnDropHandle::new(drawing),
        }
    }

    /// Says how an object stands.
    ///
    /// # Errors
    /// It can't be written. That nobody reads along any more is none: exports go on.
    pub fn line(&self, line: &Line) -> io::Result<()> {
        match self.output {
            SyncOutput::Text => self.say(&line.text()),
            SyncOutput::Json => Ok(()),
        }
    }

    /// Says how a pass ended, to machines.
    ///
    /// # Errors
    /// The same.
    pub fn end(&self, report: &Report) -> io::Result<()> {
        match self.output {
            SyncOutput::Text => Ok(()),
            SyncOutput::Json => {
                let json = serde_json::to_string_pretty(report).map_err(io::Error::other)?;
                self.say(&json)
            }
        }
    }

    fn say(&self, text: &str) -> io::Result<()> {
        self.bars.suspend(|| {
            let mut out = io::stdout().lock();
            let written = writeln!(out, "{text}").and_then(|()| out.flush());
            match written {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                written => written,
            }
        })
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn draw(bar: &ProgressBar, members: Option<u64>, progress: &Progress) {
    let read = progress.members();
    let (place, text) = match progress.step() {
        Step::Read => {
            let expected = members.filter(|members| *members > 0);
            let share = expected.map_or(0, |expected| READ * read / expected);
            let text = format!("reading, {} members", thousands(read));
            (share.min(READ), text)
        }
        Step::Compare => (READ, format!("comparing {} members", thousands(read))),
        Step::Profiles => {
            let (sent, all) = progress.profiles();
            let share = (SENT - READ) * sent / all.max(1);
            let text = format!("{} of {} profiles", thousands(sent), thousands(all));
            (READ + share, text)
        }
        Step::List => (SENT, "sending the list".to_owned()),
    };
    bar.set_position(place);
    bar.set_message(text);
}
