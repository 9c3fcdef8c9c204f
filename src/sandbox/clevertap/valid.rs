//! Addresses and numbers as CleverTap takes them.

pub(super) fn is_email(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_graphic() && !"@,;<>()\"".contains(c))
    };
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let labels = || domain.split('.');
    plain(local)
        && plain(domain)
        && labels().count() >= 2
        && labels().all(|label| !label.is_empty())
}

pub(super) fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let known = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
    known && (7..=15).contains(&digits.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_numbers() {
        assert!(is_email("a.b+c@mail.example.com"));
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@example",
            "a b@example.com",
            "a@b@example.com",
            "a@.com",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_phone("+14155550100"));
        for bad in [
            "",
            "+",
            "14155550100",
            "+0155550100",
            "+1415",
            "+1415555010x",
            "+1234567890123456",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
