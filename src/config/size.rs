//! Sizes as flags take them: `512Mi`, `10Gi`, or plain bytes.

const UNITS: [(&str, u32); 4] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40)];
const SCRATCH_MIN: u64 = 64 << 20;

/// Bytes.
///
/// # Errors
/// A sentence that says what a size looks like.
fn parse(text: &str) -> Result<u64, String> {
    let unit = UNITS.iter().find_map(|(unit, shift)| {
        let digits = text.strip_suffix(unit)?;
        Some((digits, *shift))
    });
    let (digits, shift) = unit.unwrap_or((text, 0));
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("must be a number of bytes, or one with Ki, Mi, Gi or Ti".to_owned());
    }
    let number = digits.parse::<u64>().ok();
    number
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| format!("is too large: at most {} bytes", u64::MAX))
}

/// Bytes of `--scratch-limit`: enough for a small cohort.
///
/// # Errors
/// A sentence that says what the size must be.
pub(super) fn scratch_limit(text: &str) -> Result<u64, String> {
    match parse(text)? {
        ..SCRATCH_MIN => Err("must be at least 64Mi".to_owned()),
        bytes => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_or_have_a_unit() {
        for (text, bytes) in [("0", 0), ("17", 17), ("2Ki", 2048), ("10Gi", 10 << 30)] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for bad in ["", "Gi", "-1", "+1", "1G", "1 Gi", "1.5Gi"] {
            assert!(
                parse(bad).is_err_and(|why| why.contains("a number")),
                "{bad}"
            );
        }
        for large in ["99999999999Ti", "16777216Ti", "99999999999999999999"] {
            assert!(
                parse(large).is_err_and(|why| why.contains("too large")),
                "{large}"
            );
        }
    }
}
