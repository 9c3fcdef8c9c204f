//! What the demo says, on standard output. A reader that went away is no reason to end.

use std::io::{self, Write};

use jiff::Zoned;

/// One line, after the time of day.
pub fn say(line: &str) {
    let now = Zoned::now();
    print(&format!("{}  {line}\n", now.strftime("%H:%M:%S")));
}

/// A line, and below it those that say more on it.
pub fn say_all(lines: &[String]) {
    let Some((first, more)) = lines.split_first() else {
        return;
    };
    say(first);
    for line in more {
        print(&format!("{:12}{line}\n", ""));
    }
}

/// Text as it is.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}
