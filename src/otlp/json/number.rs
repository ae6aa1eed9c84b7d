//! Numbers of JSON as proto3 reads them: an integer may stand as `1.0` or `1e3`, and in quotes.

/// An integer from its decimal text, if it is one and within 64 bits of either sign.
#[inline]
pub(super) fn integer(text: &[u8]) -> Option<i128> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 19 {
        return unusual_integer(text);
    }
    let mut value = 0_u64;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return unusual_integer(text);
        }
        value = value * 10 + u64::from(digit);
    }
    Some(if negative { -i128::from(value) } else { i128::from(value) })
}

/// Twenty digits and more, a fraction of zeros, an exponent. Exact: a double would round what is above 2^53.
#[cold]
fn unusual_integer(text: &[u8]) -> Option<i128> {
    // Settles the form; its value does not matter.
    double_form(text)?;
    let text = std::str::from_utf8(text).ok()?;
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
    let shift = exponent
        .parse::<i64>()
        .ok()?
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .checked_add(dropped)?;
    let power = 10_i128.checked_pow(u32::try_from(shift).ok()?)?;
    let value = significant.parse::<i128>().ok()?.checked_mul(power)?;
    Some(if negative { -value } else { value })
}

/// A finite double from its decimal text; `None` if it is no number or too large.
pub(super) fn double(text: &[u8]) -> Option<f64> {
    double_form(text).filter(|value| value.is_finite())
}

/// What Rust reads as a double, without what JSON does not have: words, a plus sign, a leading point.
fn double_form(text: &[u8]) -> Option<f64> {
    let starts_well = matches!(text, [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..]);
    std::str::from_utf8(text).ok()?.parse().ok().filter(|_| starts_well)
}

/// A double as it may stand in quotes.
pub(super) fn quoted_double(text: &[u8]) -> Option<f64> {
    match text {
        b"NaN" => Some(f64::NAN),
        b"Infinity" => Some(f64::INFINITY),
        b"-Infinity" => Some(f64::NEG_INFINITY),
        _ => double(text),
    }
}
