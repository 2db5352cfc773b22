//! One line as auditctl(8) reads it.

/// Options without a value.
const FLAGS: &[u8] = b"hicslvtD";
/// Options that say what all rules are under: of each, augenrules keeps the last line.
const CONTROLS: &[u8] = b"Defb";

/// The calls of 64-bit programs and those of 32-bit programs, which have numbers of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Abi {
    B64,
    B32,
}

impl Abi {
    pub(super) const ALL: [Self; 2] = [Self::B64, Self::B32];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::B64 => "b64",
            Self::B32 => "b32",
        }
    }

    fn of(name: &[u8]) -> Option<Self> {
        const LONG: [&[u8]; 6] = [b"b64", b"x86_64", b"aarch64", b"ppc64", b"ppc64le", b"s390x"];
        const SHORT: [&[u8]; 9] =
            [b"b32", b"x86", b"i386", b"i486", b"i586", b"i686", b"arm", b"ppc", b"s390"];
        let abi = LONG.contains(&name).then_some(Self::B64);
        abi.or_else(|| SHORT.contains(&name).then_some(Self::B32))
    }
}

/// Something that happens, and should be recorded.
pub(super) enum Event<'e> {
    /// A system call.
    Call { abi: Abi, call: &'e [u8] },
    /// A file is reached, in one of the ways of `rwxa`.
    Access { abi: Abi, path: &'e [u8], how: &'e [u8] },
}

/// `auid>=1000`, in one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    name: Vec<u8>,
    operator: Vec<u8>,
    value: Vec<u8>,
}

impl Field {
    pub(super) fn parse(text: &[u8]) -> Self {
        let is_sign = |byte: &u8| b"!=<>&".contains(byte);
        let start = text.iter().position(is_sign).unwrap_or(text.len());
        let (name, rest) = text.split_at(start);
        let end = rest.iter().position(|byte| !is_sign(byte)).unwrap_or(rest.len());
        let (operator, value) = rest.split_at(end);
        let name: &[u8] = if name == b"loginuid" { b"auid" } else { name };
        let value: &[u8] = match (name, value) {
            (b"auid", b"-1" | b"4294967295") => b"unset",
            (b"exit", b"-13") => b"-EACCES",
            (b"exit", b"-1") => b"-EPERM",
            (b"dir", path) => trimmed(path),
            (_, value) => value,
        };
        Self { name: name.to_vec(), operator: operator.to_vec(), value: value.to_vec() }
    }

    fn is(&self, name: &str) -> bool {
        self.name == name.as_bytes()
    }

    pub(super) fn is_arch(&self) -> bool {
        self.is("arch")
    }

    /// Whether it names this ABI.
    pub(super) fn is_of(&self, abi: Abi) -> bool {
        self.operator == b"=" && Abi::of(&self.value) == Some(abi)
    }

    fn number(&self) -> Option<u32> {
        std::str::from_utf8(&self.value).ok()?.parse().ok()
    }

    /// Whether it leaves out only what nobody logged in did: accounts of the system, and what has no session.
    pub(super) fn is_about_people(&self) -> bool {
        /// The first number of people: `UID_MIN`.
        const PEOPLE: u32 = 1000;
        let number = self.number();
        self.is("auid")
            && match self.operator.as_slice() {
                b"!=" => self.value == b"unset",
                b">=" => number.is_some_and(|least| least <= PEOPLE),
                b">" => number.is_some_and(|below| below < PEOPLE),
                _ => false,
            }
    }

    /// Whether records of system calls are of this type of message.
    fn takes_calls(&self) -> bool {
        const SYSCALL: u32 = 1300;
        let number = if self.value == b"SYSCALL" { Some(SYSCALL) } else { self.number() };
        self.is("msgtype")
            && number.is_some_and(|number| match self.operator.as_slice() {
                b"=" => SYSCALL == number,
                b"!=" => SYSCALL != number,
                b">=" => SYSCALL >= number,
                b"<=" => SYSCALL <= number,
                b">" => SYSCALL > number,
                b"<" => SYSCALL < number,
                _ => false,
            })
    }
}

/// A line, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Letter and value, as they stand there.
    options: Vec<(u8, Vec<u8>)>,
    calls: Vec<Vec<u8>>,
    fields: Vec<Field>,
}

/// What becomes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is put behind the others.
    Last,
    /// It is put before them.
    First,
    /// The one that is like it goes.
    Gone,
}

impl Line {
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut line = Self::default();
        let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            // What belongs to no option says nothing.
            let [b'-', letter, value @ ..] = word else { continue };
            let value = match value {
                [] if FLAGS.contains(letter) => value,
                [] => words.next().unwrap_or_default(),
                value => value,
            };
            line.take(*letter, value);
        }
        line
    }

    fn take(&mut self, letter: u8, value: &[u8]) {
        match letter {
            b'S' => self.calls.extend(value.split(|&byte| byte == b',').map(<[u8]>::to_vec)),
            b'F' => self.fields.push(Field::parse(value)),
            // A watch is a rule for a directory with all below it, or for a file.
            b'w' | b'W' => self.fields.push(Field::parse(&[b"dir=", value].concat())),
            b'p' => self.fields.push(Field::parse(&[b"perm=", value].concat())),
            _ => {}
        }
        self.options.push((letter, value.to_vec()));
    }

    fn value(&self, letter: u8) -> Option<&[u8]> {
        self.options.iter().find(|(own, _)| *own == letter).map(|(_, value)| value.as_slice())
    }

    /// `-e 2`, `-b 8192`.
    pub(super) fn control(&self) -> Option<(u8, &[u8])> {
        let (letter, value) = self.options.first()?;
        CONTROLS.contains(letter).then_some((*letter, value.as_slice()))
    }

    pub(super) fn has_all_of(&self, other: &Self) -> bool {
        other.options.iter().all(|option| self.options.contains(option))
    }

    /// Whether it is a rule: where its list has it, the list, and whether it says `never`. Both orders of the words
    /// are good.
    pub(super) fn rule(&self) -> Option<(Place, &[u8], bool)> {
        let places = [
            (b'a', Place::Last),
            (b'A', Place::First),
            (b'd', Place::Gone),
            (b'w', Place::Last),
            (b'W', Place::Gone),
        ];
        let (letter, place) = places.into_iter().find(|(letter, _)| self.value(*letter).is_some())?;
        if letter.eq_ignore_ascii_case(&b'w') {
            return Some((place, b"exit", false));
        }
        let mut words = self.value(letter)?.split(|&byte| byte == b',');
        let (one, other) = (words.next()?, words.next()?);
        let is_action = |word: &[u8]| matches!(word, b"always" | b"never" | b"possible");
        let (list, action) = if is_action(one) { (other, one) } else { (one, other) };
        Some((place, list, action == b"never"))
    }

    /// Whether it is about the same as another rule of its list.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let never = |line: &Self| line.rule().map(|(_, _, never)| never);
        (never(self), self.sorted_calls(), &self.fields)
            == (never(other), other.sorted_calls(), &other.fields)
    }

    fn sorted_calls(&self) -> Vec<&Vec<u8>> {
        let mut calls: Vec<_> = self.calls.iter().collect();
        calls.sort();
        calls
    }

    /// Whether it is about everything.
    pub(super) fn is_bare(&self) -> bool {
        self.value(b'C').is_none() && self.calls.is_empty() && self.fields.iter().all(|field| field.is("key"))
    }

    /// Whether it is about all records of system calls.
    pub(super) fn takes_calls(&self) -> bool {
        let mut fields = self.fields.iter().filter(|field| !field.is("key")).peekable();
        fields.peek().is_none() || fields.all(Field::takes_calls)
    }

    /// Whether an event is one that it is about, but for who made it and how it ended.
    pub(super) fn takes(&self, event: &Event<'_>) -> bool {
        match event {
            Event::Call { abi, call } => {
                self.has_call(*abi, call) && self.named(&["path", "dir", "perm"]).is_empty()
            }
            Event::Access { abi, path, how } => {
                self.has_access(*abi, how) && self.has_place(path) && self.has_permissions(how)
            }
        }
    }

    /// Fields of these names.
    fn named(&self, names: &[&str]) -> Vec<&Field> {
        self.fields.iter().filter(|field| names.iter().any(|name| field.is(name))).collect()
    }

    fn is_of(&self, abi: Abi) -> bool {
        self.fields.iter().filter(|field| field.is_arch()).all(|field| field.is_of(abi))
    }

    /// Whether it is about all calls: those that a rule without `-S` is about, too.
    fn has_all_calls(&self) -> bool {
        self.calls.is_empty() || self.calls.iter().any(|call| call == b"all")
    }

    /// A call without an ABI is that of 64-bit programs: the numbers of the others are others.
    fn has_call(&self, abi: Abi, call: &[u8]) -> bool {
        let is_meant = abi == Abi::B64 || !self.named(&["arch"]).is_empty();
        self.is_of(abi) && (self.has_all_calls() || is_meant && self.calls.iter().any(|own| own == call))
    }

    fn has_access(&self, abi: Abi, how: &[u8]) -> bool {
        self.is_of(abi) && self.has_all_calls() || how == b"x" && self.has_call(abi, b"execve")
    }

    fn has_place(&self, path: &[u8]) -> bool {
        self.named(&["path", "dir"]).iter().all(|field| {
            let rest = path.strip_prefix(field.value.as_slice());
            let is_below = |rest: &[u8]| field.value == b"/" || rest.starts_with(b"/");
            field.operator == b"="
                && rest.is_some_and(|rest| rest.is_empty() || field.is("dir") && is_below(rest))
        })
    }

    fn has_permissions(&self, how: &[u8]) -> bool {
        self.named(&["perm"]).iter().all(|field| how.iter().all(|one| field.value.contains(one)))
    }

    /// The conditions that an event must meet besides: fields that say who made it or how it ended.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Field> {
        const OTHERS: [&str; 5] = ["arch", "path", "dir", "perm", "key"];
        self.fields.iter().filter(|field| !OTHERS.iter().any(|name| field.is(name)))
    }

    /// Two values that it compares: `euid!=uid`.
    pub(super) fn comparisons(&self) -> impl Iterator<Item = &[u8]> {
        self.options.iter().filter(|(letter, _)| *letter == b'C').map(|(_, value)| value.as_slice())
    }
}

/// A path without the slashes at its end, which auditctl takes off.
fn trimmed(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&byte| byte != b'/').map_or(1, |at| at.saturating_add(1));
    path.get(..end).unwrap_or(path)
}
