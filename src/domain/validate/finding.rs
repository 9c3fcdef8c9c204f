//! The checks that fields have in common. Each hands back a value that can be used, so that the
//! rest of a spec is looked at too.

use std::ops::RangeInclusive;

use jiff::{
    SignedDuration,
    fmt::friendly::{Spacing, SpanPrinter},
};

use super::Problem;
use crate::api::DurationString;

/// The largest integer that every JSON reader keeps exactly.
const MAX_ID: i64 = (1 << 53) - 1;

/// What was found wrong so far.
#[derive(Default)]
pub struct Findings(Vec<Problem>);

impl Findings {
    /// The plan, or everything that is wrong.
    pub fn or<T>(self, plan: T) -> Result<T, Vec<Problem>> {
        if self.0.is_empty() {
            Ok(plan)
        } else {
            Err(self.0)
        }
    }

    /// Notes `must` of this field (below `spec`) unless it holds.
    pub fn check(&mut self, holds: bool, field: &str, must: impl Into<String>) {
        if !holds {
            self.0.push(Problem {
                field: format!("spec.{field}"),
                must: must.into(),
            });
        }
    }

    /// 1 to `max` characters, not all of them blank.
    pub fn text(&mut self, field: &str, value: &str, max: usize) {
        let fits = value.chars().take(max + 1).count() <= max;
        let must = format!("must be 1 to {max} characters, not all of them blank");
        self.check(fits && !value.trim().is_empty(), field, must);
    }

    /// A CleverTap Project ID; the vendor documents no stricter form.
    pub fn project_id(&mut self, field: &str, value: &str) {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let holds = (1..=64).contains(&value.len()) && value.bytes().all(plain);
        self.check(holds, field, "must be 1 to 64 letters, digits and hyphens");
    }

    /// One `@` with something on both sides, and nothing that could break a line.
    pub fn mailbox(&mut self, field: &str, value: &str) {
        let solid = |c: char| !c.is_whitespace() && !c.is_control() && c != '@';
        let side = |part: &str| !part.is_empty() && part.chars().all(solid);
        let parts = value.split_once('@');
        let holds = parts.is_some_and(|(name, host)| side(name) && side(host));
        let must = "must be an e-mail address of at most 254 characters";
        self.check(holds && value.chars().count() <= 254, field, must);
    }

    /// A Mixpanel id.
    pub fn id(&mut self, field: &str, value: i64) {
        let must = format!("must be from 1 to {MAX_ID}");
        self.check((1..=MAX_ID).contains(&value), field, must);
    }

    /// A number within a range of non-negative ones, if it is there.
    pub fn number(
        &mut self,
        field: &str,
        value: Option<i32>,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        let value = value?;
        let must = format!("must be from {} to {}", range.start(), range.end());
        let number = u32::try_from(value).ok().filter(|n| range.contains(n));
        self.check(number.is_some(), field, must);
        number
    }

    /// The name of a Kubernetes object. One with a slash would lead to another namespace.
    pub fn object_name(&mut self, field: &str, value: &str) {
        let holds = is_object_name(value);
        self.check(holds, field, "must be the name of a Kubernetes object");
    }

    /// The key of a Secret.
    pub fn secret_key(&mut self, field: &str, value: &str) {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        let holds = (1..=253).contains(&value.len()) && value.bytes().all(plain);
        self.check(holds, field, "must be the key of a Secret");
    }

    /// A duration of zero or more, if it is there and can be read.
    pub fn duration(
        &mut self,
        field: &str,
        value: Option<&DurationString>,
    ) -> Option<SignedDuration> {
        let value = value?;
        let parsed = value.parse().filter(|_| value.0.len() <= 16);
        let must = "must be a duration such as 15m or 1h30m, of at most 16 characters";
        self.check(parsed.is_some(), field, must);
        parsed
    }

    /// A duration no shorter than the installation permits. An absent one follows the minimum: a
    /// spec isn't wrong for what it doesn't say.
    pub fn interval(
        &mut self,
        field: &str,
        value: Option<&DurationString>,
        default: SignedDuration,
        (minimum, flag): (SignedDuration, &str),
    ) -> SignedDuration {
        let default = default.max(minimum);
        let interval = self.duration(field, value).unwrap_or(default);
        // Zero is refused whatever the minimum: there would be no slots.
        self.check(!interval.is_zero(), field, "must be more than zero");
        let must = format!(
            "must be at least {} (the controller's {flag})",
            SpanPrinter::new()
                .spacing(Spacing::None)
                .duration_to_string(&minimum)
        );
        let holds = interval.is_zero() || interval >= minimum;
        self.check(holds, field, must);
        interval
    }
}

/// Whether this may name a Kubernetes object (an RFC 1123 subdomain).
pub fn is_object_name(value: &str) -> bool {
    let label = |label: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !label.is_empty()
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    value.len() <= 253 && value.split('.').all(label)
}

/// Whether this may be the token of `mixtap.dev/requested-at`.
pub fn is_token(value: &str) -> bool {
    (1..=64).contains(&value.chars().count()) && !value.contains(char::is_control)
}
