//! What a person sees: a real terminal, by tmux.

use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Moment};

use crate::world::{PATIENCE, World, sandbox};

/// A server of tmux's of this test alone, gone when it is dropped.
struct Tmux(String);

impl Tmux {
    /// `None` where there is no tmux: the test is to return, and has said so. With `CI=true` that is
    /// a failure.
    fn find() -> Option<Self> {
        let found = Command::new("tmux").arg("-V").output();
        if found.is_ok_and(|found| found.status.success()) {
            return Some(Self(format!("mixtap-test-{}", std::process::id())));
        }
        let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!ci, "tmux must be installed");
        let _ = writeln!(std::io::stderr(), "terminal: SKIPPED: tmux isn't installed");
        None
    }

    fn call(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command
            .args(["-L", &self.0, "-f", "/dev/null"])
            .args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until the screen shows these words.
    fn shows(&self, words: &[&str]) -> String {
        let began = Instant::now();
        loop {
            let screen = self.call(&["capture-pane", "-p", "-e"]);
            if words.iter().all(|word| screen.contains(word)) {
                return screen;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{words:?} never shown:\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let mut command = Command::new("tmux");
        let _ = command.args(["-L", &self.0, "kill-server"]).output();
    }
}

#[test]
fn a_bar_shows_how_far_an_export_is() {
    let Some(tmux) = Tmux::find() else { return };
    let world = World::new(&["u-1", "u-2"]);
    let hold = |call| {
        let at = Moment::BeforeWork;
        world.fault(call, 1, Action::Hold { at })
    };
    let (profiles, list) = (hold(Call::Upload), hold(Call::ListComplete));
    // tmux has a shell of its own; this one has the variables of the world.
    let command = world.command(&["sync"]);
    let quoted = |text: &std::ffi::OsStr| format!("'{}'", text.to_str().unwrap());
    let mut line = String::from("env");
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            line += &format!(" {}={}", name.to_str().unwrap(), quoted(value));
        }
    }
    line += &format!(" {}", quoted(command.get_program()));
    command
        .get_args()
        .for_each(|argument| line += &format!(" {}", quoted(argument)));
    line += "; echo \"exit $?\"; cat";
    tmux.call(&["new-session", "-d", "-x", "160", "-y", "24", &line]);
    let screen = tmux.shows(&["cart [====", "0 of 2 profiles"]);
    assert!(screen.contains("connector/main  Connected"), "{screen}");
    sandbox().faults().release(profiles);
    tmux.shows(&["cart [====", "sending the list"]);
    sandbox().faults().release(list);
    let screen = tmux.shows(&["exit 0"]);
    assert!(
        screen.contains("cohortexport/cart  Synced  2 members"),
        "{screen}"
    );
    assert!(!screen.contains("cart ["), "the bar is gone: {screen}");
    assert!(
        !screen.contains('\u{1b}'),
        "no colour is asked for: {screen}"
    );
}

#[test]
fn no_bar_where_nobody_looks() {
    let world = World::new(&["u-1"]);
    let ended = world.run(&["sync"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(!ended.stdout.contains(['\u{1b}', '\r']), "{ended:?}");
}
