//! Instants as a history holds them: text of one form, so that the order of texts is the order of
//! instants.

use timeslip_timeline::calendar::date_and_time;

/// An instant in Coordinated Universal Time as `2026-11-24T21:58:00Z`, from whole seconds since
/// 1970, as `git log -1 --format=%ct` and a system's clock give them. What lies before 1970 or
/// after the year 9999 is moved to that border.
pub fn utc(seconds_since_1970: i64) -> String {
    /// The last second of the year 9999.
    const LAST: i64 = 253_402_300_799;
    let seconds = seconds_since_1970.clamp(0, LAST);
    format!("{}Z", date_and_time(seconds))
}

/// Whether a text has the form that [`utc`] gives: texts of other forms, with fractions or an
/// offset, would not sort as the instants do.
pub fn is_utc(text: &str) -> bool {
    const FORM: &[u8] = b"dddd-dd-ddTdd:dd:ddZ";
    let fits = |(byte, form): (u8, &u8)| match form {
        b'd' => byte.is_ascii_digit(),
        sign => byte == *sign,
    };
    text.len() == FORM.len() && text.bytes().zip(FORM).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates_of_the_calendar() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(utc(4_107_542_400), "2100-03-01T00:00:00Z");
        assert_eq!(utc(i64::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(utc(-1), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn only_one_form_is_taken() {
        assert!(is_utc("2026-11-24T21:58:00Z"));
        for other in
            ["", "2026-11-24", "2026-11-24T21:58:00+01:00", "2026-11-24T21:58:00.5Z", "now"]
        {
            assert!(!is_utc(other), "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn later_instants_have_later_texts(a in 0i64..253_402_300_799, b in 0i64..253_402_300_799) {
            proptest::prop_assert_eq!(a.cmp(&b), utc(a).cmp(&utc(b)));
            proptest::prop_assert!(is_utc(&utc(a)));
        }
    }
}
