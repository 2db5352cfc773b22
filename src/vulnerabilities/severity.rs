//! How bad: the vendor's word first, then CVSS, and worst what is known to be exploited.

use cvss::Cvss;

use super::matches::{CvssScore, RatedBy};
use super::statement::Rating;
use crate::finding::Severity;

/// How bad it is, whose word that is, and the score.
pub(super) fn severity<'r>(
    ratings: impl Iterator<Item = &'r Rating> + Clone,
) -> (Option<Severity>, RatedBy, Option<CvssScore>) {
    let vectors = ratings.clone().filter_map(|rating| match rating {
        Rating::Cvss(vector) => Some(vector.as_str()),
        Rating::Word(_) => None,
    });
    let cvss = best(vectors);
    let words = ratings.filter_map(|rating| match rating {
        Rating::Word(word) => of_word(word).map(|severity| (severity, word)),
        Rating::Cvss(_) => None,
    });
    if let Some((severity, word)) = words.max_by_key(|(severity, _)| *severity) {
        return (Some(severity), RatedBy::Vendor(word.clone()), cvss);
    }
    match &cvss {
        Some(cvss) => (Some(of_score(cvss.score)), RatedBy::Cvss, Some(cvss.clone())),
        None => (None, RatedBy::Nobody, None),
    }
}

/// What vendors call it. Sources: Red Hat's and SUSE's "severity ratings", Ubuntu's "CVE priorities", Debian's urgencies,
/// GitHub's and Amazon's words.
fn of_word(word: &str) -> Option<Severity> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "critical" => Severity::Critical,
        "important" | "high" => Severity::High,
        "moderate" | "medium" => Severity::Medium,
        "low" => Severity::Low,
        "negligible" | "none" | "unimportant" | "informational" => Severity::Info,
        _ => return None,
    })
}

/// Source: CVSS 3.1 and 4.0, "Qualitative Severity Rating Scale".
fn of_score(score: f64) -> Severity {
    match score {
        score if score >= 9.0 => Severity::Critical,
        score if score >= 7.0 => Severity::High,
        score if score >= 4.0 => Severity::Medium,
        score if score > 0.0 => Severity::Low,
        _ => Severity::Info,
    }
}

/// The score of the newest version of CVSS; of several of one version, the highest.
fn best<'v>(vectors: impl Iterator<Item = &'v str>) -> Option<CvssScore> {
    let scored = vectors.filter_map(|vector| score(vector).map(|(version, score)| (version, score, vector)));
    let best = scored.max_by(|left, right| left.0.cmp(&right.0).then(left.1.total_cmp(&right.1)))?;
    Some(CvssScore { score: best.1, vector: best.2.to_owned() })
}

/// The version of CVSS and the score of a vector.
fn score(vector: &str) -> Option<(u8, f64)> {
    // Publishers end some with a slash, and put those of CVSS 2 into brackets.
    let vector = vector.trim().trim_end_matches(['/', ')']).trim_start_matches('(');
    let parsed: Cvss = vector.parse().ok()?;
    let version = match parsed {
        Cvss::CvssV40(_) => 4,
        Cvss::CvssV30(_) | Cvss::CvssV31(_) => 3,
        _ => 2,
    };
    Some((version, parsed.score()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
    const USUAL: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H";
    const OLD: &str = "AV:N/AC:L/Au:N/C:N/I:N/A:C";

    fn of(ratings: &[Rating]) -> (Option<Severity>, RatedBy, Option<f64>) {
        let (severity, by, cvss) = severity(ratings.iter());
        (severity, by, cvss.map(|cvss| cvss.score))
    }

    fn vector(text: &str) -> Rating {
        Rating::Cvss(text.to_owned())
    }

    #[test]
    fn the_vendors_word_goes_before_the_score() {
        let ratings = [vector(USUAL), Rating::Word("Moderate".to_owned())];
        assert_eq!(of(&ratings), (Some(Severity::Medium), RatedBy::Vendor("Moderate".to_owned()), Some(8.8)));
    }

    #[test]
    fn the_newest_version_of_cvss_counts() {
        // The scores are those of FIRST's calculators.
        assert_eq!(of(&[vector(OLD)]), (Some(Severity::High), RatedBy::Cvss, Some(7.8)));
        assert_eq!(of(&[vector(OLD), vector(USUAL)]).2, Some(8.8));
        assert_eq!(of(&[vector(USUAL), vector(NEW), vector(OLD)]).2, Some(9.3));
    }

    #[test]
    fn what_is_no_rating_is_none() {
        let odd = [
            vector("CVSS:9.9/AV:N"),
            vector("none"),
            vector("CVSS:4.0/"),
            Rating::Word("untriaged".to_owned()),
        ];
        assert_eq!(of(&odd), (None, RatedBy::Nobody, None));
    }
}
