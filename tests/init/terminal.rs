//! On a terminal: what flags don't say is asked for.

use std::fs;

use crate::golden;
use crate::tmux::Terminal;
use crate::world::{SECRET, USERNAME, World};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mixtap");

/// Begins `mixtap init` in the world's folder; its exit code is shown afterwards.
fn begin(world: &World, flags: &str) -> Option<Terminal> {
    let terminal = Terminal::open(&[("PS1", "$ ")])?;
    let (folder, endpoint) = (world.folder.path().display(), world.endpoint());
    terminal.enter(&format!(
        "cd {folder}; {PROGRAM} init --mixpanel-endpoint {endpoint} {flags}; echo ended $?"
    ));
    Some(terminal)
}

#[test]
fn it_asks_again_until_an_answer_is_right_and_hides_the_account() {
    let world = World::new();
    let Some(terminal) = begin(&world, "") else {
        return;
    };
    let mut asked = 0;
    let mut answer = |question: &str, text: &str| {
        terminal.until(question, 1);
        terminal.enter(text);
        asked += 1;
    };
    answer("Mixpanel project id:", "mine");
    terminal.until("it must be a number", 1);
    terminal.until("Mixpanel project id:", 2);
    terminal.enter("1234567");
    answer("US, EU or IN [US]:", "");
    answer("[none]:", "");
    answer("user name (not shown):", USERNAME);
    answer("secret (not shown):", "canary-mistyped");
    terminal.until("refuses the service account", 1);
    terminal.until("user name (not shown):", 2);
    terminal.enter(USERNAME);
    terminal.until("secret (not shown):", 2);
    terminal.enter(SECRET);
    answer("or all:", "3-9");
    terminal.until("or all:", 2);
    terminal.enter("4,5");
    answer("CleverTap Project ID:", "TEST-123-456-789Z");
    answer("aps3 or mec1:", "EU1");
    answer("results of lists to:", "growth@example.com");
    answer("[Dynamic]:", "");
    answer("[15m]:", "1h");
    answer("[mixpanel-1234567]:", "");
    let shown = terminal.until("ended 0", 1);
    assert_eq!(asked, 12);
    let shown = world.steady(shown.trim_end().as_bytes());
    let (shown, _) = shown.rsplit_once("ended 0").unwrap();
    let (_, shown) = shown.split_once("Mixpanel project id").unwrap();
    // The terminal's lines are filled up with blanks.
    let lines = shown.lines().map(|line| format!("{}\n", line.trim_end()));
    let shown = format!("Mixpanel project id{}", lines.collect::<String>());
    golden::check("init/golden/asked.txt", &shown);

    assert_eq!(world.files().len(), 3);
    let connector = fs::read(world.folder.path().join("connector.yaml")).unwrap();
    golden::check("init/golden/connector.yaml", &world.steady(&connector));
}

#[test]
fn only_what_flags_leave_open_is_asked() {
    let world = World::new();
    let flags = world.flags()[..8].join(" ");
    let Some(terminal) = begin(
        &world,
        &format!("{flags} --region US --workspace 7 --cohort 4312"),
    ) else {
        return;
    };
    terminal.until("user name (not shown):", 1);
    terminal.enter(USERNAME);
    terminal.until("secret (not shown):", 1);
    terminal.enter(SECRET);
    terminal.until("[Dynamic]:", 1);
    terminal.enter("onetime");
    terminal.until("[mixpanel-1234567]:", 1);
    terminal.enter("growth");
    let shown = terminal.until("ended 0", 1);
    assert!(
        !shown.contains("How often") && !shown.contains("or all"),
        "{shown}"
    );
    assert_eq!(world.files(), ["connector.yaml", "power-users.yaml"]);
}

#[test]
fn ctrl_c_writes_nothing_and_gives_the_terminal_back() {
    let world = World::new();
    let flags = world.flags()[..8].join(" ");
    let Some(terminal) = begin(&world, &format!("{flags} --region US --workspace 7 --all")) else {
        return;
    };
    terminal.until("user name (not shown):", 1);
    terminal.press("C-c");
    terminal.until("stopped; nothing was written", 1);
    terminal.until("ended 1", 1);
    // What is typed is shown again.
    terminal.enter("echo 'visible'");
    terminal.until("visible", 2);
    assert_eq!(world.files(), [""; 0]);
}

#[test]
fn the_end_of_input_is_no_answer() {
    let world = World::new();
    let Some(terminal) = begin(&world, "") else {
        return;
    };
    terminal.until("Mixpanel project id:", 1);
    terminal.press("C-d");
    terminal.until("stopped; nothing was written", 1);
    terminal.until("ended 1", 1);
    assert_eq!(world.files(), [""; 0]);
}
