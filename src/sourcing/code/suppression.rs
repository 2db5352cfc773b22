//! `# assay: ignore[image-lookup-unsafe] reason`, in the comments of any language.

use super::judge::Verdict;

const MARK: &str = "assay: ignore[";

/// The rule of a verdict, as reports and comments name it.
pub(super) fn rule(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unsafe => "image-lookup-unsafe",
        Verdict::Weak => "image-lookup-weak",
        Verdict::Pinned => "image-lookup-pinned",
        Verdict::Unknown => "image-lookup-unknown",
        Verdict::Info => "image-lookup-info",
        Verdict::Safe => "image-lookup-safe",
    }
}

/// The rule of what makes images public.
pub(super) const MADE_PUBLIC: &str = "image-made-public";

/// The reason why the lookup at `at` is to be passed over. Without a reason it is not.
pub(super) fn reason(text: &str, at: usize, verdict: Verdict) -> Option<String> {
    reason_for(text, at, rule(verdict))
}

/// The same for any rule: the comment stands on the line, or on the line above.
pub(super) fn reason_for(text: &str, at: usize, rule: &str) -> Option<String> {
    let (before, after) = text.split_at_checked(at)?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let above =
        before.get(..start.saturating_sub(1)).filter(|_| start > 0).map(|lines| lines.rsplit('\n').next());
    let own = [before.get(start..).unwrap_or_default(), after.lines().next().unwrap_or_default()].concat();
    in_line(&own, rule).or_else(|| in_line(above??, rule))
}

fn in_line(line: &str, rule: &str) -> Option<String> {
    let (before, after) = line.split_once(MARK)?;
    let is_comment =
        ["#", "//", "/*", "<!--", "--", ";"].iter().any(|mark| before.trim_end().ends_with(mark));
    let (rules, reason) = after.split_once(']')?;
    let is_meant = rules.split(',').any(|one| one.trim() == rule);
    let reason = reason.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
    (is_comment && is_meant && !reason.is_empty()).then(|| reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_with_a_reason_suppresses_its_line_and_the_one_below() {
        let of = |text: &str| reason(text, text.find("HERE").unwrap(), Verdict::Unsafe);
        assert_eq!(of("# assay: ignore[image-lookup-unsafe] a test\nHERE"), Some("a test".into()));
        assert_eq!(of("HERE // assay: ignore[image-lookup-unsafe] a test"), Some("a test".into()));
        assert_eq!(
            of("/* assay: ignore[image-lookup-weak, image-lookup-unsafe] why */ HERE"),
            Some("why */ HERE".into())
        );
        assert_eq!(of("# assay: ignore[image-lookup-unsafe]\nHERE"), None);
        assert_eq!(of("# assay: ignore[image-lookup-weak] why\nHERE"), None);
        assert_eq!(of("# assay: ignore[image-lookup-unsafe] why\n\nHERE"), None);
        assert_eq!(of("\"assay: ignore[image-lookup-unsafe] why\"; HERE"), None);
    }
}
