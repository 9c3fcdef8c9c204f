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

/// 1204 as `1,204`.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups = groups.map(String::from_utf8_lossy).collect::<Vec<_>>();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn counts_are_grouped() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(count), text);
        }
    }
}
