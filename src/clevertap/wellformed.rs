//! What CleverTap takes for an e-mail address and for a phone number: one that it doesn't would
//! have the whole record rejected.

pub(super) fn is_email(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "@,;<>()\"".contains(c);
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let is_part = |part: &str| !part.is_empty() && !part.contains(odd);
    let is_label = |label: &str| {
        let edges = label.starts_with('-') || label.ends_with('-');
        !label.is_empty() && !edges && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    local.split('.').all(is_part) && domain.contains('.') && domain.split('.').all(is_label)
}

/// `+<country><number>`: at most 15 digits (E.164).
pub(super) fn is_phone(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else {
        return false;
    };
    (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_addresses_and_numbers_are_seen() {
        for good in [
            "a@example.com",
            "a.b+c@mail.example.com",
            "ü@bücher.example.com",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@example",
            "a@.com",
            "a@-x.com",
            "a b@example.com",
            "a@example.com,b@example.com",
            ".a@example.com",
            "a@example..com",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        for bad in [
            "",
            "+",
            "14155550100",
            "+04155550100",
            "+1 415 555 0100",
            "+123456",
            "+1234567890123456",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
