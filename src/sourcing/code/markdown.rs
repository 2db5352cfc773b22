//! Code in Markdown. A block is read by the language that it names; all others as text of a shell.

use super::hit::Source;
use super::language::Language;
use super::{Options, Scan, dispatch, shell};

/// Looks at the blocks of code of a text.
pub(super) fn look(source: &Source<'_>, options: &Options, scan: &mut Scan) {
    for block in blocks(source.text) {
        let code = masked(source.text, block.start, block.end);
        let inner = Source { text: &code, ..*source };
        match block.language {
            Some(language) => dispatch::source(&inner, language, options, scan),
            None => shell::look(&inner, options, scan),
        }
    }
}

struct Block {
    start: usize,
    end: usize,
    language: Option<Language>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, Block)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (bare, end) = (line.trim(), at + line.len());
        match &mut open {
            Some((fence, _))
                if bare.starts_with(fence.as_str()) && bare.trim_start_matches(['`', '~']).is_empty() =>
            {
                blocks.extend(open.take().map(|(_, block)| Block { end: at, ..block }));
            }
            Some(_) => {}
            None => {
                open = fence(bare)
                    .map(|(fence, name)| (fence, Block { start: end, end, language: language(name) }));
            }
        }
        at = end;
    }
    blocks.extend(open.map(|(_, block)| Block { end: at, ..block }));
    blocks
}

/// The fence that opens a block, and the name of the language behind it.
fn fence(line: &str) -> Option<(String, &str)> {
    let name = line.trim_start_matches(['`', '~']);
    let fence = line.get(..line.len() - name.len())?;
    (fence.len() >= 3).then(|| (fence.to_owned(), name.trim()))
}

fn language(name: &str) -> Option<Language> {
    let word =
        name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        "hcl" | "terraform" | "tf" => Some(Language::Hcl),
        "json" => Some(Language::Json),
        "yaml" | "yml" => Some(Language::Yaml),
        "python" | "py" | "python3" => Some(Language::Python),
        "javascript" | "js" | "jsx" => Some(Language::JavaScript),
        "typescript" | "ts" => Some(Language::TypeScript),
        "go" | "golang" => Some(Language::Go),
        "java" | "kotlin" | "groovy" => Some(Language::Java),
        _ => None,
    }
}

/// The text with spaces for all that is not in the block, so that offsets and lines stay.
fn masked(text: &str, start: usize, end: usize) -> String {
    let blank =
        |part: &str| part.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect::<String>();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    [&blank(part(0..start)), part(start..end), &blank(part(end..text.len()))].concat()
}
