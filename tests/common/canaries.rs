//! Members whose every value gives itself away, and the words by which that is seen.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mixtap::sandbox::mixpanel::User;
use serde_json::json;

use crate::world::{PASSCODE, SECRET, USERNAME};

/// What an export is to send of them.
pub const PROPERTIES: [&str; 5] = ["$email", "$phone", "$first_name", "$last_name", "favourite"];

/// Of the connector, where CleverTap writes to.
pub const MAILBOX: &str = "growth@example.com";

/// Every value is a canary: `canary` or, where only digits go, 555019.
pub fn canaries(count: usize) -> Vec<User> {
    let member = |n: usize| {
        User::new(
            format!("canary-distinct-{n}"),
            json!({
                "$CleverTap_user_id": format!("canary-own-{n}"),
                "$email": format!("canary-mail-{n}@example.com"),
                "$phone": format!("+141555019{n:02}"),
                "$first_name": "Canary-First",
                "$last_name": format!("Canary-Last-{n}"),
                "favourite": format!("canary-favourite-{n}"),
            }),
        )
    };
    let mut users: Vec<_> = (0..count).map(member).collect();
    // What CleverTap would refuse is dropped here, and told by number only.
    users.push(User::new(
        "canary-odd",
        json!({ "$email": "canary-no-address", "$phone": "555019", "favourite": ["canary-list"] }),
    ));
    users.push(User::new(
        "$device:canary",
        json!({ "$email": "canary-device@example.com" }),
    ));
    users
}

/// What stands in Secrets, members and presigned URLs, in small letters.
pub fn words() -> Vec<String> {
    let mut words: Vec<String> = ["canary", "555019", "x-amz-signature", "custom-lists/"]
        .map(str::to_owned)
        .into();
    let login = format!("{USERNAME}:{SECRET}");
    // As a Secret holds them and as HTTP sends them; the end depends on what follows.
    words.extend(
        [PASSCODE, USERNAME, SECRET, &login].map(|text| STANDARD.encode(text)[..16].to_lowercase()),
    );
    words
}

/// None of the words stands in this text.
#[track_caller]
pub fn assert_holds_none<'a>(place: &str, text: &str, words: impl IntoIterator<Item = &'a str>) {
    let text = text.to_lowercase();
    for word in words {
        if let Some(at) = text.find(word) {
            let from = text.floor_char_boundary(at.saturating_sub(300));
            let to = text.floor_char_boundary(at + 200);
            panic!("{word} stands in {place}: {}", &text[from..to]);
        }
    }
}
