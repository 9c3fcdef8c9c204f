//! Questions on a terminal. They go to standard error: what is printed is the manifests' alone.

use std::io::{self, IsTerminal, Write, stderr, stdin};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;

use super::InitError;

/// Someone to ask.
pub struct Terminal(());

impl Terminal {
    /// `None` where nobody would see a question, or could answer it.
    pub fn open() -> Option<Self> {
        (stdin().is_terminal() && stderr().is_terminal()).then_some(Self(()))
    }

    /// Asks until `read` accepts the answer, saying each time what must hold. An empty answer is the
    /// default's.
    ///
    /// # Errors
    /// [`InitError::Stopped`] at the end of input.
    pub async fn ask<T>(
        &mut self,
        question: &str,
        default: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, InitError> {
        let prompt = match default {
            Some(default) => format!("{question} [{default}]: "),
            None => format!("{question}: "),
        };
        loop {
            let line = line(&prompt).await?;
            let answer = match (line.trim(), default) {
                ("", Some(default)) => default,
                (answer, _) => answer,
            };
            match read(answer) {
                Ok(value) => return Ok(value),
                Err(must) => eprintln!("  it {must}"),
            }
        }
    }

    /// Asks for what must not be seen, until there is something.
    pub async fn ask_hidden(&mut self, question: &str) -> Result<SecretString, InitError> {
        let prompt = format!("{question} (not shown): ");
        loop {
            let hidden = Hidden::begin()?;
            let answer = line(&prompt).await;
            drop(hidden);
            // The line's end wasn't shown either.
            eprintln!();
            match answer?.trim() {
                "" => eprintln!("  it must be there"),
                answer => return Ok(answer.into()),
            }
        }
    }
}

/// One line of standard input. Whoever stops waiting for it may: the thread that reads holds nothing.
async fn line(prompt: &str) -> Result<String, InitError> {
    eprint!("{prompt}");
    stderr().flush()?;
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().read_line(&mut line).map(|bytes| (bytes, line))
    });
    match read.await.map_err(io::Error::other)?? {
        (0, _) => Err(super::stopped()),
        (_, line) => Ok(line),
    }
}

/// While it lives the terminal doesn't show what is typed, however the question ends.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        // What was typed ahead was shown: it is dropped.
        tcsetattr(stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}
