//! Sizes as flags take them: `512Mi`, `10Gi`, or plain bytes.

const UNITS: [(&str, u32); 4] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40)];

/// Bytes.
///
/// # Errors
/// A sentence that says what a size looks like.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let unit = UNITS.iter().find_map(|(unit, shift)| {
        let digits = text.strip_suffix(unit)?;
        Some((digits, *shift))
    });
    let (digits, shift) = unit.unwrap_or((text, 0));
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number = digits.parse::<u64>().ok().filter(|_| plain);
    number
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| "must be a number of bytes, or one with Ki, Mi, Gi or Ti".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_or_have_a_unit() {
        for (text, bytes) in [("0", 0), ("17", 17), ("2Ki", 2048), ("10Gi", 10 << 30)] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for bad in ["", "Gi", "-1", "+1", "1G", "1 Gi", "1.5Gi", "99999999999Ti"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
